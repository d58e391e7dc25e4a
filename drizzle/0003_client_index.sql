CREATE INDEX "jobs_client_kind" ON "jobs" USING btree ("client_id","strategy_type","verification_level","block_number","log_index");--> statement-breakpoint
DROP INDEX "jobs_client_id";