CREATE TYPE "public"."attempt_outcome" AS ENUM('SUCCEEDED', 'FAILED', 'CRASHED', 'LOST', 'CANCELED', 'CANCEL_FORCED');--> statement-breakpoint
CREATE TYPE "public"."run_status" AS ENUM('DELAYED', 'PENDING_VERSION', 'QUEUED', 'EXECUTING', 'WAITING', 'RETRYING', 'CANCELING', 'COMPLETED', 'FAILED', 'CRASHED', 'SYSTEM_FAILURE', 'TIMED_OUT', 'CANCELED', 'EXPIRED');--> statement-breakpoint
CREATE TABLE "api_keys" (
	"environment_id" text COLLATE "C" NOT NULL,
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"last_four" text NOT NULL,
	"create_time" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"revoke_time" timestamp (6) with time zone,
	CONSTRAINT "api_keys_hash_unique" UNIQUE("hash"),
	CONSTRAINT "api_keys_hash" CHECK (octet_length("api_keys"."hash") = 32)
);
--> statement-breakpoint
CREATE TABLE "attempts" (
	"environment_id" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"number" integer NOT NULL,
	"outcome" "attempt_outcome" NOT NULL,
	"supervisor_id" text COLLATE "C" NOT NULL,
	"lease_token" uuid NOT NULL,
	"start_time" timestamp (6) with time zone NOT NULL,
	"finish_time" timestamp (6) with time zone NOT NULL,
	"output" "bytea",
	"output_type" text,
	"error" "bytea",
	"hooks" "bytea",
	CONSTRAINT "attempts_environment_id_run_id_number_pk" PRIMARY KEY("environment_id","run_id","number"),
	CONSTRAINT "attempts_number" CHECK ("attempts"."number" > 0),
	CONSTRAINT "attempts_output" CHECK (("attempts"."output" IS NULL) = ("attempts"."output_type" IS NULL))
);
--> statement-breakpoint
CREATE TABLE "bundles" (
	"hash" text COLLATE "C" PRIMARY KEY NOT NULL,
	"size" bigint NOT NULL,
	"content" "bytea" NOT NULL,
	"create_time" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "bundles_hash" CHECK ("bundles"."hash" ~ '^[0-9a-f]{64}$'),
	CONSTRAINT "bundles_size" CHECK ("bundles"."size" = octet_length("bundles"."content"))
);
--> statement-breakpoint
ALTER TABLE "bundles" ALTER COLUMN "content" SET STORAGE EXTERNAL;
--> statement-breakpoint
CREATE TABLE "deployment_tasks" (
	"environment_id" text COLLATE "C" NOT NULL,
	"deployment_id" text COLLATE "C" NOT NULL,
	"task_id" text COLLATE "C" NOT NULL,
	"file_path" text NOT NULL,
	"export_name" text NOT NULL,
	"queue" text COLLATE "C" NOT NULL,
	"max_attempts" integer NOT NULL,
	"retry_factor" double precision NOT NULL,
	"retry_min_ms" integer NOT NULL,
	"retry_max_ms" integer NOT NULL,
	"retry_randomize" boolean NOT NULL,
	CONSTRAINT "deployment_tasks_environment_id_deployment_id_task_id_pk" PRIMARY KEY("environment_id","deployment_id","task_id"),
	CONSTRAINT "deployment_tasks_max_attempts" CHECK ("deployment_tasks"."max_attempts" BETWEEN 1 AND 100),
	CONSTRAINT "deployment_tasks_retry_factor" CHECK ("deployment_tasks"."retry_factor" BETWEEN 1 AND 100),
	CONSTRAINT "deployment_tasks_retry_ms" CHECK (0 <= "deployment_tasks"."retry_min_ms" AND "deployment_tasks"."retry_min_ms" <= "deployment_tasks"."retry_max_ms")
);
--> statement-breakpoint
CREATE TABLE "deployments" (
	"environment_id" text COLLATE "C" NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"version" text NOT NULL,
	"bundle_hash" text COLLATE "C" NOT NULL,
	"index_hash" text COLLATE "C" NOT NULL,
	"create_time" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "deployments_environment_id_id_pk" PRIMARY KEY("environment_id","id"),
	CONSTRAINT "deployments_version" UNIQUE("environment_id","version")
);
--> statement-breakpoint
CREATE TABLE "environments" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"slug" text COLLATE "C" NOT NULL,
	"type" text NOT NULL,
	"project" text NOT NULL,
	"current_deployment_id" text COLLATE "C",
	"create_time" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "environments_slug_unique" UNIQUE("slug"),
	CONSTRAINT "environments_type" CHECK ("environments"."type" IN ('DEVELOPMENT', 'STAGING', 'PRODUCTION'))
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"environment_ids" text[] NOT NULL,
	"run_ids" text[] NOT NULL,
	"create_time" timestamp (6) with time zone NOT NULL,
	CONSTRAINT "outbox_pairs" CHECK (cardinality("outbox"."environment_ids") = cardinality("outbox"."run_ids"))
);
--> statement-breakpoint
CREATE TABLE "queue_epochs" (
	"shard" integer PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"owner" text NOT NULL,
	"acquire_time" timestamp (6) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "run_contents" (
	"environment_id" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"request_id" text COLLATE "C" NOT NULL,
	"payload" "bytea" NOT NULL,
	"payload_type" text NOT NULL,
	CONSTRAINT "run_contents_environment_id_run_id_pk" PRIMARY KEY("environment_id","run_id"),
	CONSTRAINT "run_contents_request_id" CHECK ("run_contents"."request_id" <> '')
);
--> statement-breakpoint
CREATE TABLE "run_events" (
	"environment_id" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"first_seq" bigint NOT NULL,
	"count" integer NOT NULL,
	"status" "run_status",
	"attempt_number" integer NOT NULL,
	"time" timestamp (6) with time zone NOT NULL,
	"events" "bytea",
	CONSTRAINT "run_events_environment_id_run_id_first_seq_time_pk" PRIMARY KEY("environment_id","run_id","first_seq","time"),
	CONSTRAINT "run_events_count" CHECK ("run_events"."count" > 0)
) PARTITION BY RANGE ("time");
--> statement-breakpoint
CREATE TABLE "run_events_default" PARTITION OF "run_events" DEFAULT;
--> statement-breakpoint
CREATE TABLE "runs" (
	"environment_id" text COLLATE "C" NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"task_id" text COLLATE "C" NOT NULL,
	"status" "run_status" NOT NULL,
	"revision" bigint NOT NULL,
	"queue" text COLLATE "C",
	"deployment_id" text COLLATE "C",
	"attempt_number" integer NOT NULL,
	"max_attempts" integer,
	"create_time" timestamp (6) with time zone NOT NULL,
	"queue_time" timestamp (6) with time zone NOT NULL,
	"start_time" timestamp (6) with time zone,
	"finish_time" timestamp (6) with time zone,
	"due_time" timestamp (6) with time zone,
	"cancel_request_time" timestamp (6) with time zone,
	"cancel_reason" text,
	"lease_token" uuid,
	"supervisor_id" text COLLATE "C",
	"claim_time" timestamp (6) with time zone,
	"event_seq" bigint NOT NULL,
	"tags" text[] NOT NULL,
	"is_test" boolean NOT NULL,
	"traceparent" text NOT NULL,
	CONSTRAINT "runs_environment_id_id_pk" PRIMARY KEY("environment_id","id"),
	CONSTRAINT "runs_finished" CHECK (("runs"."status" >= 'COMPLETED') = ("runs"."finish_time" IS NOT NULL)),
	CONSTRAINT "runs_leased" CHECK (num_nonnulls("runs"."lease_token", "runs"."supervisor_id", "runs"."claim_time") = CASE WHEN ("runs"."status" = 'EXECUTING' OR "runs"."status" = 'CANCELING') THEN 3 ELSE 0 END),
	CONSTRAINT "runs_due_time" CHECK (("runs"."status" = 'DELAYED' OR "runs"."status" = 'RETRYING') = ("runs"."due_time" IS NOT NULL)),
	CONSTRAINT "runs_cancel" CHECK ("runs"."status" <> 'CANCELING' OR "runs"."cancel_request_time" IS NOT NULL),
	CONSTRAINT "runs_attempts" CHECK ("runs"."attempt_number" BETWEEN 0 AND "runs"."max_attempts"),
	CONSTRAINT "runs_started" CHECK (("runs"."attempt_number" > 0) = ("runs"."start_time" IS NOT NULL)),
	CONSTRAINT "runs_pinned" CHECK ("runs"."attempt_number" = 0 OR "runs"."deployment_id" IS NOT NULL),
	CONSTRAINT "runs_version_known" CHECK (num_nonnulls("runs"."queue", "runs"."max_attempts") = 2 OR ("runs"."status" = 'PENDING_VERSION' OR "runs"."status" = 'CANCELED' OR "runs"."status" = 'EXPIRED'))
);
--> statement-breakpoint
CREATE TABLE "supervisors" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"hostname" text NOT NULL,
	"sandbox_tier" text NOT NULL,
	"ttl_ms" integer NOT NULL,
	"register_time" timestamp (6) with time zone NOT NULL,
	"expire_time" timestamp (6) with time zone NOT NULL,
	CONSTRAINT "supervisors_ttl" CHECK ("supervisors"."ttl_ms" > 0)
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD CONSTRAINT "deployment_tasks_deployment" FOREIGN KEY ("environment_id","deployment_id") REFERENCES "public"."deployments"("environment_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_bundle_hash_bundles_hash_fk" FOREIGN KEY ("bundle_hash") REFERENCES "public"."bundles"("hash") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "environments" ADD CONSTRAINT "environments_current_deployment" FOREIGN KEY ("id","current_deployment_id") REFERENCES "public"."deployments"("environment_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_keys_environment" ON "api_keys" USING btree ("environment_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "run_contents_request" ON "run_contents" USING btree ("environment_id","request_id") WHERE "run_contents"."request_id" <> '';--> statement-breakpoint
CREATE INDEX "runs_queued" ON "runs" USING btree ("queue_time","id") WHERE "runs"."status" = 'QUEUED';--> statement-breakpoint
CREATE INDEX "runs_due" ON "runs" USING btree ("due_time","id") WHERE "runs"."due_time" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "runs_leased" ON "runs" USING btree ("supervisor_id") WHERE "runs"."supervisor_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "runs_pending_version" ON "runs" USING btree ("environment_id","task_id") WHERE "runs"."status" = 'PENDING_VERSION';--> statement-breakpoint
CREATE INDEX "runs_task" ON "runs" USING btree ("environment_id","task_id","id") WHERE "runs"."task_id" <> '';--> statement-breakpoint
CREATE INDEX "runs_live" ON "runs" USING btree ("environment_id","id") WHERE "runs"."finish_time" IS NULL;--> statement-breakpoint
CREATE INDEX "runs_unsuccessful" ON "runs" USING btree ("environment_id","id") WHERE "runs"."finish_time" IS NOT NULL AND "runs"."status" <> 'COMPLETED';--> statement-breakpoint
CREATE INDEX "runs_tags" ON "runs" USING gin ("tags") WHERE "runs"."tags" <> '{}';