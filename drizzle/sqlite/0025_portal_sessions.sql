CREATE TABLE `portal_sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`api_key` text,
	`tenant_id` text NOT NULL,
	`site_id` text,
	`secret_hash` blob NOT NULL,
	`made_at` integer NOT NULL,
	`entered_at` integer,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`api_key`) REFERENCES `api_keys`(`api_key`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `portal_sessions_expires` ON `portal_sessions` (`expires_at`);