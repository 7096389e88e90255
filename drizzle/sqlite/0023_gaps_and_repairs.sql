ALTER TABLE `items` ADD `help_asked_at` integer;--> statement-breakpoint
ALTER TABLE `items` ADD `refresh_gaps` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `items` ADD `expected_at` integer;--> statement-breakpoint
ALTER TABLE `items` ADD `stale_due_at` integer;--> statement-breakpoint
CREATE INDEX `items_stale` ON `items` (`stale_due_at`) WHERE stale_due_at IS NOT NULL;