CREATE TABLE `renewals` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`item_id` integer NOT NULL,
	`at` integer NOT NULL,
	FOREIGN KEY (`item_id`) REFERENCES `items`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `renewals_item_at` ON `renewals` (`item_id`,`at`);--> statement-breakpoint
ALTER TABLE `instance` ADD `standing` text;--> statement-breakpoint
ALTER TABLE `instance` ADD `standing_at` integer;--> statement-breakpoint
ALTER TABLE `accounts` ADD `iban_fingerprint` blob;--> statement-breakpoint
ALTER TABLE `items` ADD `last_success_at` integer;--> statement-breakpoint
ALTER TABLE `items` ADD `last_try_at` integer;--> statement-breakpoint
ALTER TABLE `items` ADD `told_status` integer;--> statement-breakpoint
ALTER TABLE `items` ADD `reminded_of` integer;--> statement-breakpoint
ALTER TABLE `items` ADD `reminded_days` integer;--> statement-breakpoint
ALTER TABLE `items` ADD `compare_from` integer;--> statement-breakpoint
ALTER TABLE `items` ADD `asked_at` integer;--> statement-breakpoint
CREATE INDEX `items_untold` ON `items` (`id`) WHERE told_status IS NULL OR told_status <> status;--> statement-breakpoint
CREATE INDEX `items_consent` ON `items` (`authentication_expires_at`);--> statement-breakpoint
CREATE INDEX `items_compare` ON `items` (`compare_from`) WHERE compare_from IS NOT NULL;--> statement-breakpoint
CREATE INDEX `items_heard` ON `items` (`updated_at`);