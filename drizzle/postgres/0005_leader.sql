CREATE TABLE "leader" (
	"id" bigint PRIMARY KEY NOT NULL,
	"member_id" text COLLATE "C" NOT NULL,
	"lead_until" bigint NOT NULL
);
