ALTER TABLE `sites` ADD `remind_by` text DEFAULT 'webhook' NOT NULL;--> statement-breakpoint
ALTER TABLE `bridge_users` ADD `language` text;--> statement-breakpoint
ALTER TABLE `bridge_users` ADD `mail_stopped_at` integer;--> statement-breakpoint
ALTER TABLE `bridge_users` ADD `mail_refusals` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `items` ADD `mailed_of` integer;--> statement-breakpoint
ALTER TABLE `items` ADD `mailed_days` integer;--> statement-breakpoint
ALTER TABLE `items` ADD `mailed_at` integer;--> statement-breakpoint
ALTER TABLE `items` ADD `mail_end` text;--> statement-breakpoint
ALTER TABLE `items` ADD `mail_deferred_at` integer;