CREATE TABLE `alerts` (
	`about` text PRIMARY KEY NOT NULL,
	`told_at` integer NOT NULL
);
