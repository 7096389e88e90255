ALTER TABLE `items` ADD `counted_end` integer;--> statement-breakpoint
CREATE INDEX `items_end_uncounted` ON `items` (`id`) WHERE gone_at IS NULL AND authentication_expires_at IS NOT NULL AND (counted_end IS NULL OR counted_end <> authentication_expires_at);--> statement-breakpoint
ALTER TABLE `usage` ADD `renewals` integer DEFAULT 0 NOT NULL;