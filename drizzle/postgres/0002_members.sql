CREATE TABLE "members" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"host" text COLLATE "C" NOT NULL,
	"pid" bigint NOT NULL,
	"seen_at" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "instance" DROP COLUMN "server_id";--> statement-breakpoint
ALTER TABLE "instance" DROP COLUMN "server_host";--> statement-breakpoint
ALTER TABLE "instance" DROP COLUMN "server_pid";--> statement-breakpoint
ALTER TABLE "instance" DROP COLUMN "server_seen_at";