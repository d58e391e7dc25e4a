CREATE TABLE "blocks" (
	"number" bigint PRIMARY KEY NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "cursor" (
	"id" smallint PRIMARY KEY NOT NULL,
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
	"checked_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "feed" (
	"id" bigint PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"data" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "hours" (
	"hour" numeric(78, 0) NOT NULL,
	"strategy_type" smallint NOT NULL,
	"jobs" bigint NOT NULL,
	"budget" numeric NOT NULL,
	CONSTRAINT "hours_hour_strategy_type_pk" PRIMARY KEY("hour","strategy_type")
);
--> statement-breakpoint
CREATE TABLE "jobs" (
	"block_number" bigint NOT NULL,
	"log_index" integer NOT NULL,
	"job_id" numeric(78, 0) NOT NULL,
	"client_id" numeric(78, 0) NOT NULL,
	"strategy_type" smallint NOT NULL,
	"verification_level" smallint NOT NULL,
	"budget" numeric(78, 0) NOT NULL,
	"deadline" numeric(78, 0) NOT NULL,
	"block_hash" text NOT NULL,
	"block_timestamp" numeric(78, 0) NOT NULL,
	"transaction_hash" text NOT NULL,
	CONSTRAINT "jobs_block_number_log_index_pk" PRIMARY KEY("block_number","log_index")
);
--> statement-breakpoint
CREATE TABLE "malformed_logs" (
	"block_number" bigint NOT NULL,
	"log_index" integer NOT NULL,
	"reason" text NOT NULL,
	"log" text NOT NULL,
	CONSTRAINT "malformed_logs_block_number_log_index_pk" PRIMARY KEY("block_number","log_index")
);
--> statement-breakpoint
CREATE TABLE "totals" (
	"strategy_type" smallint NOT NULL,
	"verification_level" smallint NOT NULL,
	"jobs" bigint NOT NULL,
	"budget" numeric NOT NULL,
	CONSTRAINT "totals_strategy_type_verification_level_pk" PRIMARY KEY("strategy_type","verification_level")
);
--> statement-breakpoint
CREATE INDEX "feed_created_at" ON "feed" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "jobs_job_id" ON "jobs" USING btree ("job_id");--> statement-breakpoint
CREATE INDEX "jobs_client_id" ON "jobs" USING btree ("client_id","block_number","log_index");