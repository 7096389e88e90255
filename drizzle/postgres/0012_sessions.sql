-- The tables console_sessions and portal_sessions stay for servers of the version before, which may be at work still: a later version drops them.
CREATE TABLE "sessions" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"who" text COLLATE "C",
	"tenant_id" text COLLATE "C",
	"site_id" text COLLATE "C",
	"api_key" text COLLATE "C",
	"secret_hash" "bytea" NOT NULL,
	"made_at" bigint NOT NULL,
	"entered_at" bigint,
	"expires_at" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_site_id_sites_id_fk" FOREIGN KEY ("site_id") REFERENCES "public"."sites"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_api_key_api_keys_api_key_fk" FOREIGN KEY ("api_key") REFERENCES "public"."api_keys"("api_key") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "sessions_expires" ON "sessions" USING btree ("expires_at");