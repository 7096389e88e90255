DROP INDEX `connect_requests_claimed`;--> statement-breakpoint
CREATE INDEX `connect_requests_claimed` ON `connect_requests` (`opened_at`,`id`) WHERE claimed_item_id IS NOT NULL;