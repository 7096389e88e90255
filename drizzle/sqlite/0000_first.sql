CREATE TABLE `data_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`wrapped_key` blob NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `instance` (
	`id` integer PRIMARY KEY NOT NULL,
	`mode` text NOT NULL,
	`wrapped_pepper` blob NOT NULL,
	`created_at` integer NOT NULL,
	`server_id` text,
	`server_host` text,
	`server_pid` integer,
	`server_seen_at` integer
);
--> statement-breakpoint
CREATE TABLE `api_keys` (
	`api_key` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`site_id` text,
	`secret_hash` blob NOT NULL,
	`label` text,
	`created_at` integer NOT NULL,
	`last_used_at` integer,
	`expires_at` integer,
	`revoked_at` integer,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `api_keys_tenant` ON `api_keys` (`tenant_id`);--> statement-breakpoint
CREATE TABLE `audit` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`tenant_id` text,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`subject` text NOT NULL,
	`detail` text,
	`bucket` integer,
	`count` integer DEFAULT 1 NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_at` ON `audit` (`at`);--> statement-breakpoint
CREATE INDEX `audit_tenant_at` ON `audit` (`tenant_id`,`at`);--> statement-breakpoint
CREATE UNIQUE INDEX `audit_counted` ON `audit` (`action`,`actor`,`subject`,`bucket`) WHERE bucket IS NOT NULL;--> statement-breakpoint
CREATE TABLE `sites` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`origin` text,
	`allowed_origins` text DEFAULT '[]' NOT NULL,
	`webhook_url` text,
	`webhook_secret` blob NOT NULL,
	`time_zone` text DEFAULT 'Europe/Paris' NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sites_tenant_name` ON `sites` (`tenant_id`,`name`);--> statement-breakpoint
CREATE INDEX `sites_tenant_origin` ON `sites` (`tenant_id`,`origin`);--> statement-breakpoint
CREATE TABLE `tenants` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL,
	`disabled_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tenants_name_unique` ON `tenants` (`name`);--> statement-breakpoint
CREATE TABLE `accounts` (
	`id` integer PRIMARY KEY NOT NULL,
	`item_id` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`item_id`) REFERENCES `items`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `accounts_item` ON `accounts` (`item_id`);--> statement-breakpoint
CREATE TABLE `bridge_users` (
	`id` text PRIMARY KEY NOT NULL,
	`site_id` text NOT NULL,
	`name` text NOT NULL,
	`user_uuid` text,
	`created_at` integer NOT NULL,
	`items_read_at` integer,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `bridge_users_userUuid_unique` ON `bridge_users` (`user_uuid`);--> statement-breakpoint
CREATE UNIQUE INDEX `bridge_users_site_name` ON `bridge_users` (`site_id`,`name`);--> statement-breakpoint
CREATE TABLE `connect_requests` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`state` text NOT NULL,
	`bank` text,
	`redirect_url` text NOT NULL,
	`account_types` text NOT NULL,
	`managed_item_id` integer,
	`item_id` integer,
	`step` text,
	`opened_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`completed_at` integer,
	`callbacks` integer DEFAULT 0 NOT NULL,
	`claimed_item_id` integer,
	`claimed_step` text,
	FOREIGN KEY (`user_id`) REFERENCES `bridge_users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `connect_requests_user` ON `connect_requests` (`user_id`,`state`,`opened_at`);--> statement-breakpoint
CREATE INDEX `connect_requests_open` ON `connect_requests` (`state`,`expires_at`);--> statement-breakpoint
CREATE INDEX `connect_requests_claimed` ON `connect_requests` (`claimed_item_id`) WHERE claimed_item_id IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `connect_requests_new_item` ON `connect_requests` (`item_id`) WHERE managed_item_id IS NULL AND item_id IS NOT NULL;--> statement-breakpoint
CREATE TABLE `item_refreshes` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`item_id` integer NOT NULL,
	`at` integer NOT NULL,
	FOREIGN KEY (`item_id`) REFERENCES `items`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `item_refreshes_item_at` ON `item_refreshes` (`item_id`,`at`);--> statement-breakpoint
CREATE TABLE `items` (
	`id` integer PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`provider_id` integer,
	`bank` text,
	`provider_name` text,
	`account_types` text,
	`status` integer NOT NULL,
	`status_code_info` text,
	`authentication_expires_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`unreachable_at` integer,
	`gone_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `bridge_users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `items_user` ON `items` (`user_id`);