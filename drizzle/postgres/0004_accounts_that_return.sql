CREATE TABLE "lost_accounts" (
	"id" bigint PRIMARY KEY NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"item_id" bigint NOT NULL,
	"owner_print" "bytea" NOT NULL,
	"data_until" bigint,
	"lost_at" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "owner_print" "bytea";--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "replaced_item_id" bigint;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "replaced_account_id" bigint;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "data_until" bigint;--> statement-breakpoint
ALTER TABLE "lost_accounts" ADD CONSTRAINT "lost_accounts_user_id_bridge_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."bridge_users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "lost_accounts_user" ON "lost_accounts" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "lost_accounts_print" ON "lost_accounts" USING btree ("owner_print");--> statement-breakpoint
CREATE INDEX "lost_accounts_lost" ON "lost_accounts" USING btree ("lost_at");--> statement-breakpoint
CREATE INDEX "accounts_print" ON "accounts" USING btree ("owner_print") WHERE owner_print IS NOT NULL;