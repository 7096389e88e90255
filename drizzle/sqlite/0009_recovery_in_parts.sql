ALTER TABLE `endpoints` ADD `recover_since` integer;--> statement-breakpoint
ALTER TABLE `endpoints` ADD `recover_until` integer;--> statement-breakpoint
CREATE INDEX `endpoints_recovering` ON `endpoints` (`site_id`) WHERE recover_until IS NOT NULL;