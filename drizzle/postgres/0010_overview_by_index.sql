DROP INDEX "items_consent";--> statement-breakpoint
DROP INDEX "items_unwell";--> statement-breakpoint
CREATE INDEX "calls_refused_site" ON "calls" USING btree ("site_id","at") WHERE status >= 400;--> statement-breakpoint
CREATE INDEX "items_consent" ON "items" USING btree ("authentication_expires_at","user_id") WHERE gone_at IS NULL;--> statement-breakpoint
CREATE INDEX "items_unwell" ON "items" USING btree ("status","user_id") WHERE status <> 0 AND gone_at IS NULL;