CREATE TABLE `console_sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`who` text NOT NULL,
	`secret_hash` blob NOT NULL,
	`made_at` integer NOT NULL,
	`entered_at` integer,
	`expires_at` integer NOT NULL
);
