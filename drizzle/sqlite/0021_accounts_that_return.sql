CREATE TABLE `lost_accounts` (
	`id` integer PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`item_id` integer NOT NULL,
	`owner_print` blob NOT NULL,
	`data_until` integer,
	`lost_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `bridge_users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `lost_accounts_user` ON `lost_accounts` (`user_id`);--> statement-breakpoint
CREATE INDEX `lost_accounts_print` ON `lost_accounts` (`owner_print`);--> statement-breakpoint
CREATE INDEX `lost_accounts_lost` ON `lost_accounts` (`lost_at`);--> statement-breakpoint
ALTER TABLE `accounts` ADD `owner_print` blob;--> statement-breakpoint
ALTER TABLE `accounts` ADD `replaced_item_id` integer;--> statement-breakpoint
ALTER TABLE `accounts` ADD `replaced_account_id` integer;--> statement-breakpoint
ALTER TABLE `accounts` ADD `data_until` integer;--> statement-breakpoint
CREATE INDEX `accounts_print` ON `accounts` (`owner_print`) WHERE owner_print IS NOT NULL;