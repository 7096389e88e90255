DROP INDEX "events_item_body";--> statement-breakpoint
ALTER TABLE "calls" ADD COLUMN "refusal" json;--> statement-breakpoint
CREATE INDEX "audit_subject" ON "audit" USING btree ("subject","at");--> statement-breakpoint
CREATE INDEX "sites_folded" ON "sites" USING btree ("folded_name");--> statement-breakpoint
CREATE INDEX "bridge_users_folded" ON "bridge_users" USING btree ("folded_name");--> statement-breakpoint
CREATE INDEX "connect_requests_opened" ON "connect_requests" USING btree ("opened_at");--> statement-breakpoint
CREATE INDEX "connect_requests_item" ON "connect_requests" USING btree ("item_id") WHERE item_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX "events_item" ON "events" USING btree ("item_id","seq") WHERE item_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX "calls_refused" ON "calls" USING btree ("at") WHERE status >= 400;--> statement-breakpoint
CREATE INDEX "calls_tenant" ON "calls" USING btree ("tenant_id","at");--> statement-breakpoint
CREATE INDEX "calls_site" ON "calls" USING btree ("site_id","at") WHERE site_id IS NOT NULL;