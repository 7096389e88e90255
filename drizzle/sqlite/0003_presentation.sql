ALTER TABLE `api_keys` ADD `bridge_version` text DEFAULT '2025-01-15' NOT NULL;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `lists` text DEFAULT 'array' NOT NULL;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `links` text DEFAULT 'object' NOT NULL;