DROP INDEX `events_item_body`;--> statement-breakpoint
CREATE INDEX `events_item` ON `events` (`item_id`,`seq`) WHERE item_id IS NOT NULL;--> statement-breakpoint
ALTER TABLE `calls` ADD `refusal` text;--> statement-breakpoint
CREATE INDEX `calls_refused` ON `calls` (`at`) WHERE status >= 400;--> statement-breakpoint
CREATE INDEX `calls_tenant` ON `calls` (`tenant_id`,`at`);--> statement-breakpoint
CREATE INDEX `calls_site` ON `calls` (`site_id`,`at`) WHERE site_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `audit_subject` ON `audit` (`subject`,`at`);--> statement-breakpoint
CREATE INDEX `sites_folded` ON `sites` (`folded_name`);--> statement-breakpoint
CREATE INDEX `bridge_users_folded` ON `bridge_users` (`folded_name`);--> statement-breakpoint
CREATE INDEX `connect_requests_opened` ON `connect_requests` (`opened_at`);--> statement-breakpoint
CREATE INDEX `connect_requests_item` ON `connect_requests` (`item_id`) WHERE item_id IS NOT NULL;