CREATE TABLE "console_sessions" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"who" text COLLATE "C" NOT NULL,
	"secret_hash" "bytea" NOT NULL,
	"made_at" bigint NOT NULL,
	"entered_at" bigint,
	"expires_at" bigint NOT NULL
);
