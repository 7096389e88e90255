CREATE TABLE "alerts" (
	"about" text COLLATE "C" PRIMARY KEY NOT NULL,
	"told_at" bigint NOT NULL
);
