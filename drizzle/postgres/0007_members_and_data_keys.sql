ALTER TABLE "members" ADD COLUMN "data_key" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "data_keys" DROP COLUMN "seen_at";