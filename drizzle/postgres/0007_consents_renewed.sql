ALTER TABLE "items" ADD COLUMN "counted_end" bigint;--> statement-breakpoint
ALTER TABLE "usage" ADD COLUMN "renewals" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "items_end_uncounted" ON "items" USING btree ("id") WHERE gone_at IS NULL AND authentication_expires_at IS NOT NULL AND (counted_end IS NULL OR counted_end <> authentication_expires_at);