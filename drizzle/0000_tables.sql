CREATE TABLE "blocks" (
	"number" bigint PRIMARY KEY NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "changes" (
	"block_number" bigint NOT NULL,
	"log_index" integer NOT NULL,
	"job_block" bigint NOT NULL,
	"job_log" integer NOT NULL,
	"event" text NOT NULL,
	"status" text NOT NULL,
	"timestamp" numeric(78, 0) NOT NULL,
	"transaction_hash" text NOT NULL,
	"before" json,
	CONSTRAINT "changes_block_number_log_index_pk" PRIMARY KEY("block_number","log_index")
);
--> statement-breakpoint
CREATE TABLE "cursor" (
	"id" smallint PRIMARY KEY NOT NULL,
	"definition" text,
	"fingerprint" text,
	"revision" bigint NOT NULL,
	"chain_id" bigint,
	"genesis_hash" text,
	"contract" text,
	"start_block" bigint,
	"feed_from_block" bigint,
	"silent" boolean NOT NULL,
	"block_number" bigint,
	"block_hash" text,
	"block_timestamp" numeric(78, 0),
	"finalized_number" bigint,
	"last_id" bigint NOT NULL,
	"pruned_id" bigint NOT NULL,
	"head_number" bigint,
	"head_timestamp" numeric(78, 0),
	"indexer" text,
	"renewed_at" timestamp with time zone,
	"checked_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "feed" (
	"id" bigint PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"data" text NOT NULL,
	"before" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "hours" (
	"hour" numeric(78, 0) NOT NULL,
	"choice" text NOT NULL,
	"jobs" bigint NOT NULL,
	"amount" numeric NOT NULL,
	CONSTRAINT "hours_hour_choice_pk" PRIMARY KEY("hour","choice")
);
--> statement-breakpoint
CREATE TABLE "jobs" (
	"block_number" bigint NOT NULL,
	"log_index" integer NOT NULL,
	"job_id" text NOT NULL,
	"data" json NOT NULL,
	"keys" text[] NOT NULL,
	CONSTRAINT "jobs_block_number_log_index_pk" PRIMARY KEY("block_number","log_index")
);
--> statement-breakpoint
CREATE TABLE "totals" (
	"kind" text PRIMARY KEY NOT NULL,
	"jobs" bigint NOT NULL,
	"amount" numeric NOT NULL
);
--> statement-breakpoint
CREATE TABLE "unapplied_logs" (
	"block_number" bigint NOT NULL,
	"log_index" integer NOT NULL,
	"reason" text NOT NULL,
	"log" json NOT NULL,
	CONSTRAINT "unapplied_logs_block_number_log_index_pk" PRIMARY KEY("block_number","log_index")
);
--> statement-breakpoint
CREATE INDEX "changes_job" ON "changes" USING btree ("job_block","job_log","block_number","log_index");--> statement-breakpoint
CREATE INDEX "changes_before" ON "changes" USING btree ("block_number") WHERE before is not null;--> statement-breakpoint
CREATE INDEX "feed_created_at" ON "feed" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "jobs_job_id" ON "jobs" USING btree ("job_id","block_number","log_index");--> statement-breakpoint
-- Feed ids start at the microseconds of the database's creation, so that they grow also over a rebuilt database.
INSERT INTO "cursor" ("id", "revision", "silent", "last_id", "pruned_id")
SELECT 1, 0, true, "now", "now"
FROM (SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint AS "now") AS "clock";
