CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`who` text,
	`tenant_id` text,
	`site_id` text,
	`api_key` text,
	`secret_hash` blob NOT NULL,
	`made_at` integer NOT NULL,
	`entered_at` integer,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`api_key`) REFERENCES `api_keys`(`api_key`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `sessions_expires` ON `sessions` (`expires_at`);--> statement-breakpoint
DROP TABLE `console_sessions`;--> statement-breakpoint
DROP TABLE `portal_sessions`;