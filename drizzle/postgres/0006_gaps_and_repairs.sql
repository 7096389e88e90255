ALTER TABLE "items" ADD COLUMN "help_asked_at" bigint;--> statement-breakpoint
ALTER TABLE "items" ADD COLUMN "refresh_gaps" text COLLATE "C" DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "items" ADD COLUMN "expected_at" bigint;--> statement-breakpoint
ALTER TABLE "items" ADD COLUMN "stale_due_at" bigint;--> statement-breakpoint
CREATE INDEX "items_stale" ON "items" USING btree ("stale_due_at") WHERE stale_due_at IS NOT NULL;