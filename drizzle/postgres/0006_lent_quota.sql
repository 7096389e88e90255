CREATE TABLE "bridge_quota" (
	"id" bigint PRIMARY KEY NOT NULL,
	"state" json NOT NULL,
	"version" bigint NOT NULL
);
