CREATE TYPE "public"."token_status" AS ENUM('PENDING', 'COMPLETED', 'TIMED_OUT');--> statement-breakpoint
ALTER TYPE "public"."attempt_outcome" ADD VALUE 'TIMED_OUT';--> statement-breakpoint
CREATE TABLE "environment_variables" (
	"environment_id" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"value" text NOT NULL,
	"update_time" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "environment_variables_environment_id_name_pk" PRIMARY KEY("environment_id","name")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"environment_id" text COLLATE "C" NOT NULL,
	"task_id" text COLLATE "C" NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"expire_time" timestamp (6) with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_environment_id_task_id_key_pk" PRIMARY KEY("environment_id","task_id","key")
);
--> statement-breakpoint
CREATE TABLE "run_metadata" (
	"environment_id" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"metadata" "bytea" NOT NULL,
	"metadata_type" text NOT NULL,
	"update_time" timestamp (6) with time zone NOT NULL,
	CONSTRAINT "run_metadata_environment_id_run_id_pk" PRIMARY KEY("environment_id","run_id")
);
--> statement-breakpoint
CREATE TABLE "wait_tokens" (
	"environment_id" text COLLATE "C" NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"status" "token_status" NOT NULL,
	"secret_hash" "bytea" NOT NULL,
	"idempotency_key" text COLLATE "C",
	"tags" text[] NOT NULL,
	"data" "bytea",
	"data_type" text,
	"create_time" timestamp (6) with time zone NOT NULL,
	"timeout_time" timestamp (6) with time zone,
	"finish_time" timestamp (6) with time zone,
	CONSTRAINT "wait_tokens_environment_id_id_pk" PRIMARY KEY("environment_id","id"),
	CONSTRAINT "wait_tokens_secret_hash" CHECK (octet_length("wait_tokens"."secret_hash") = 32),
	CONSTRAINT "wait_tokens_finished" CHECK (("wait_tokens"."status" <> 'PENDING') = ("wait_tokens"."finish_time" IS NOT NULL)),
	CONSTRAINT "wait_tokens_data" CHECK (("wait_tokens"."data" IS NULL) = ("wait_tokens"."data_type" IS NULL))
);
--> statement-breakpoint
ALTER TABLE "runs" DROP CONSTRAINT "runs_leased";--> statement-breakpoint
ALTER TABLE "runs" DROP CONSTRAINT "runs_version_known";--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "retry_out_of_memory_machine" text;--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "retry_disabled_in_development" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "description" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "max_duration_s" integer;--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "machine" text DEFAULT 'small-1x' NOT NULL;--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "concurrency_limit" integer;--> statement-breakpoint
ALTER TABLE "environments" ADD COLUMN "variables_revision" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "run_contents" ADD COLUMN "options" "bytea";--> statement-breakpoint
ALTER TABLE "run_contents" ADD COLUMN "parent_run_id" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "run_contents" ADD COLUMN "root_run_id" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "run_contents" ADD COLUMN "replay_of_run_id" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "run_contents" ADD COLUMN "batch_id" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "run_contents" ADD COLUMN "pinned_deployment_id" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "wait_id" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "suspended_token" uuid;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "machine" text;--> statement-breakpoint
ALTER TABLE "environment_variables" ADD CONSTRAINT "environment_variables_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idempotency_keys_expire" ON "idempotency_keys" USING btree ("expire_time");--> statement-breakpoint
CREATE UNIQUE INDEX "wait_tokens_idempotency_key" ON "wait_tokens" USING btree ("environment_id","idempotency_key") WHERE "wait_tokens"."idempotency_key" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "wait_tokens_timeout" ON "wait_tokens" USING btree ("timeout_time","id") WHERE "wait_tokens"."status" = 'PENDING' AND "wait_tokens"."timeout_time" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "run_contents_parent" ON "run_contents" USING btree ("environment_id","parent_run_id","run_id") WHERE "run_contents"."parent_run_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "run_contents_batch" ON "run_contents" USING btree ("environment_id","batch_id","run_id") WHERE "run_contents"."batch_id" IS NOT NULL;--> statement-breakpoint
ALTER TABLE "run_contents" ADD CONSTRAINT "run_contents_family" CHECK (("run_contents"."parent_run_id" IS NULL) = ("run_contents"."root_run_id" IS NULL));--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_wait" CHECK (CASE WHEN "runs"."wait_id" IS NULL THEN "runs"."status" <> 'WAITING' AND "runs"."suspended_token" IS NULL ELSE "runs"."suspended_token" IS NOT NULL AND ("runs"."status" = 'WAITING' OR "runs"."status" = 'QUEUED' OR "runs"."status" = 'EXECUTING' OR "runs"."status" = 'CANCELING') END);--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_leased" CHECK (num_nonnulls("runs"."lease_token", "runs"."supervisor_id", "runs"."claim_time") = CASE WHEN ("runs"."status" = 'EXECUTING' OR "runs"."status" = 'CANCELING' OR "runs"."wait_id" IS NOT NULL) THEN 3 ELSE 0 END);--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_version_known" CHECK (num_nonnulls("runs"."queue", "runs"."max_attempts") = 2 OR ("runs"."status" = 'PENDING_VERSION' OR "runs"."status" = 'DELAYED' OR "runs"."status" = 'CANCELED' OR "runs"."status" = 'EXPIRED'));