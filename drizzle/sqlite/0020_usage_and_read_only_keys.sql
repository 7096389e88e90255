CREATE TABLE `usage` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`month` text NOT NULL,
	`tenant_id` text NOT NULL,
	`site_id` text NOT NULL,
	`site` text NOT NULL,
	`connections` integer DEFAULT 0 NOT NULL,
	`calls` integer DEFAULT 0 NOT NULL,
	`webhooks` integer DEFAULT 0 NOT NULL,
	FOREIGN KEY (`tenant_id`) REFERENCES `tenants`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `usage_month_site` ON `usage` (`month`,`tenant_id`,`site_id`);--> statement-breakpoint
ALTER TABLE `api_keys` ADD `read_only` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `items` ADD `counted_month` text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE INDEX `items_uncounted` ON `items` (`counted_month`) WHERE gone_at IS NULL;--> statement-breakpoint
-- What is still known of this month and the one before.
INSERT INTO `usage` (`month`, `tenant_id`, `site_id`, `site`, `calls`)
SELECT strftime('%Y-%m', c.`at` / 1000, 'unixepoch'), t.`id`, coalesce(s.`id`, ''), coalesce(s.`name`, ''), count(*)
FROM `calls` c
JOIN `tenants` t ON t.`id` = c.`tenant_id`
LEFT JOIN `sites` s ON s.`id` = c.`site_id`
WHERE c.`status` < 400 AND (c.`site_id` IS NULL OR s.`id` IS NOT NULL)
GROUP BY 1, 2, 3, 4;
--> statement-breakpoint
INSERT INTO `usage` (`month`, `tenant_id`, `site_id`, `site`, `webhooks`)
SELECT strftime('%Y-%m', d.`settled_at` / 1000, 'unixepoch'), s.`tenant_id`, s.`id`, s.`name`, count(*)
FROM `events` e
JOIN `deliveries` d ON d.`event_seq` = e.`seq`
JOIN `sites` s ON s.`id` = d.`site_id`
WHERE d.`state` = 'delivered'
  AND e.`received_at` >= strftime('%s', 'now', 'start of month', '-1 month') * 1000
GROUP BY 1, 2, 3, 4
ON CONFLICT (`month`, `tenant_id`, `site_id`) DO UPDATE SET `webhooks` = excluded.`webhooks`;
--> statement-breakpoint
INSERT INTO `usage` (`month`, `tenant_id`, `site_id`, `site`, `connections`)
SELECT strftime('%Y-%m', 'now', 'start of month', '-1 month'), s.`tenant_id`, s.`id`, s.`name`, count(*)
FROM `items` i
JOIN `bridge_users` u ON u.`id` = i.`user_id`
JOIN `sites` s ON s.`id` = u.`site_id`
WHERE i.`created_at` < strftime('%s', 'now', 'start of month') * 1000
  AND (i.`gone_at` IS NULL OR i.`gone_at` >= strftime('%s', 'now', 'start of month', '-1 month') * 1000)
GROUP BY 1, 2, 3, 4
ON CONFLICT (`month`, `tenant_id`, `site_id`) DO UPDATE SET `connections` = excluded.`connections`;
