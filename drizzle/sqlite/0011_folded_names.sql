ALTER TABLE `sites` ADD `folded_name` text DEFAULT '' NOT NULL;--> statement-breakpoint
UPDATE `sites` SET `folded_name` = fold_name(`name`);--> statement-breakpoint
CREATE INDEX `sites_tenant_folded` ON `sites` (`tenant_id`,`folded_name`);--> statement-breakpoint
ALTER TABLE `bridge_users` ADD `folded_name` text DEFAULT '' NOT NULL;--> statement-breakpoint
UPDATE `bridge_users` SET `folded_name` = fold_name(`name`);--> statement-breakpoint
CREATE INDEX `bridge_users_site_folded` ON `bridge_users` (`site_id`,`folded_name`);