ALTER TABLE "sites" ADD COLUMN "remind_by" text COLLATE "C" DEFAULT 'webhook' NOT NULL;--> statement-breakpoint
ALTER TABLE "bridge_users" ADD COLUMN "language" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "bridge_users" ADD COLUMN "mail_stopped_at" bigint;--> statement-breakpoint
ALTER TABLE "bridge_users" ADD COLUMN "mail_refusals" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "items" ADD COLUMN "mailed_of" bigint;--> statement-breakpoint
ALTER TABLE "items" ADD COLUMN "mailed_days" bigint;--> statement-breakpoint
ALTER TABLE "items" ADD COLUMN "mailed_at" bigint;--> statement-breakpoint
ALTER TABLE "items" ADD COLUMN "mail_end" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "items" ADD COLUMN "mail_deferred_at" bigint;