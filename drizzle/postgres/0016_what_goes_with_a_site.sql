CREATE INDEX "api_keys_site" ON "api_keys" USING btree ("site_id");--> statement-breakpoint
CREATE INDEX "deliveries_site" ON "deliveries" USING btree ("site_id");