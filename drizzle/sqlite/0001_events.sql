CREATE TABLE `attempts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`delivery_id` text NOT NULL,
	`number` integer NOT NULL,
	`started_at` integer NOT NULL,
	`duration_ms` integer NOT NULL,
	`status` integer,
	`error` text,
	`response` blob,
	FOREIGN KEY (`delivery_id`) REFERENCES `deliveries`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `attempts_delivery` ON `attempts` (`delivery_id`,`number`);--> statement-breakpoint
CREATE TABLE `deliveries` (
	`id` text PRIMARY KEY NOT NULL,
	`event_seq` integer NOT NULL,
	`site_id` text NOT NULL,
	`item_id` integer,
	`state` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`schedule_from` integer DEFAULT 0 NOT NULL,
	`due_at` integer,
	`claimed_until` integer,
	`first_ended_at` integer,
	`created_at` integer NOT NULL,
	`settled_at` integer,
	FOREIGN KEY (`event_seq`) REFERENCES `events`(`seq`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_event_site` ON `deliveries` (`event_seq`,`site_id`);--> statement-breakpoint
CREATE INDEX `deliveries_due` ON `deliveries` (`site_id`,`due_at`,`event_seq`) WHERE state = 'pending' AND due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `deliveries_claimed` ON `deliveries` (`site_id`,`claimed_until`) WHERE claimed_until IS NOT NULL;--> statement-breakpoint
CREATE INDEX `deliveries_untried` ON `deliveries` (`site_id`,`item_id`,`event_seq`) WHERE first_ended_at IS NULL;--> statement-breakpoint
CREATE INDEX `deliveries_dead` ON `deliveries` (`site_id`,`settled_at`) WHERE state = 'dead';--> statement-breakpoint
CREATE TABLE `endpoints` (
	`site_id` text PRIMARY KEY NOT NULL,
	`failing_since` integer,
	`last_failure_at` integer,
	`streak` integer DEFAULT 0 NOT NULL,
	`hold_until` integer DEFAULT 0 NOT NULL,
	`concurrency` integer DEFAULT 4 NOT NULL,
	`disabled_at` integer,
	`disabled_reason` text,
	`allowed_targets` text DEFAULT '[]' NOT NULL,
	`previous_secret` blob,
	`previous_secret_until` integer,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `events` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`dedupe_key` text NOT NULL,
	`type` text NOT NULL,
	`user_id` text,
	`site_id` text,
	`item_id` integer,
	`body` blob,
	`occurred_at` integer NOT NULL,
	`received_at` integer NOT NULL,
	`handled_at` integer,
	`handle_after` integer DEFAULT 0 NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `events_id_unique` ON `events` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `events_dedupeKey_unique` ON `events` (`dedupe_key`);--> statement-breakpoint
CREATE INDEX `events_unhandled` ON `events` (`seq`) WHERE handled_at IS NULL;--> statement-breakpoint
CREATE INDEX `events_site` ON `events` (`site_id`,`received_at`);--> statement-breakpoint
CREATE INDEX `events_received` ON `events` (`received_at`);--> statement-breakpoint
ALTER TABLE `connect_requests` ADD `matched_at` integer;