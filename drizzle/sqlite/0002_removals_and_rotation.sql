CREATE TABLE `removals` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`tenant_id` text NOT NULL,
	`subject_id` text NOT NULL,
	`name` text NOT NULL,
	`with_bridge_users` integer NOT NULL,
	`actor` text NOT NULL,
	`started_at` integer NOT NULL,
	`finished_at` integer,
	`receipt` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `removals_subjectId_unique` ON `removals` (`subject_id`);--> statement-breakpoint
ALTER TABLE `data_keys` ADD `seen_at` integer;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `previous_secret_hash` blob;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `previous_secret_until` integer;--> statement-breakpoint
ALTER TABLE `sites` ADD `removed_at` integer;--> statement-breakpoint
CREATE INDEX `attempts_kept_response` ON `attempts` (`started_at`) WHERE response IS NOT NULL;--> statement-breakpoint
CREATE INDEX `events_kept_body` ON `events` (`received_at`) WHERE body IS NOT NULL;