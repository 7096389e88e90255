CREATE TABLE "work_claims" (
	"kind" text COLLATE "C" NOT NULL,
	"subject" text COLLATE "C" NOT NULL,
	"claimed_by" text COLLATE "C" NOT NULL,
	"claimed_until" bigint NOT NULL,
	CONSTRAINT "work_claims_kind_subject_pk" PRIMARY KEY("kind","subject")
);
