CREATE INDEX "jobs_kind" ON "jobs" USING btree ("strategy_type","verification_level","block_number","log_index");--> statement-breakpoint
CREATE INDEX "jobs_budget" ON "jobs" USING btree ("budget");