CREATE INDEX `api_keys_site` ON `api_keys` (`site_id`);--> statement-breakpoint
CREATE INDEX `deliveries_site` ON `deliveries` (`site_id`);