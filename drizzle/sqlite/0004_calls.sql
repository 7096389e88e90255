CREATE TABLE `calls` (
	`id` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`method` text NOT NULL,
	`status` integer NOT NULL,
	`exc_type` text,
	`duration_ms` integer NOT NULL,
	`tenant_id` text,
	`site_id` text,
	`api_key` text,
	`request` text,
	`item_id` integer,
	`bridge` text DEFAULT '[]' NOT NULL
);
--> statement-breakpoint
CREATE INDEX `calls_at` ON `calls` (`at`);--> statement-breakpoint
CREATE INDEX `calls_request` ON `calls` (`request`,`at`) WHERE request IS NOT NULL;--> statement-breakpoint
CREATE INDEX `calls_item` ON `calls` (`item_id`,`at`) WHERE item_id IS NOT NULL;--> statement-breakpoint
ALTER TABLE `instance` ADD `probed_at` integer;