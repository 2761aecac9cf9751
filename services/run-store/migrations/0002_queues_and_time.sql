CREATE TYPE "public"."schedule_type" AS ENUM('DECLARATIVE', 'IMPERATIVE');--> statement-breakpoint
CREATE TABLE "batch_failures" (
	"environment_id" text COLLATE "C" NOT NULL,
	"batch_id" text COLLATE "C" NOT NULL,
	"request_id" text COLLATE "C" NOT NULL,
	"task_id" text NOT NULL,
	"error" "bytea" NOT NULL,
	CONSTRAINT "batch_failures_environment_id_batch_id_request_id_pk" PRIMARY KEY("environment_id","batch_id","request_id")
);
--> statement-breakpoint
CREATE TABLE "batches" (
	"environment_id" text COLLATE "C" NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"create_time" timestamp (6) with time zone NOT NULL,
	CONSTRAINT "batches_environment_id_id_pk" PRIMARY KEY("environment_id","id")
);
--> statement-breakpoint
CREATE TABLE "debounces" (
	"environment_id" text COLLATE "C" NOT NULL,
	"task_id" text COLLATE "C" NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"deadline_time" timestamp (6) with time zone,
	CONSTRAINT "debounces_environment_id_task_id_key_pk" PRIMARY KEY("environment_id","task_id","key")
);
--> statement-breakpoint
CREATE TABLE "queue_services" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"address" text NOT NULL,
	"expire_time" timestamp (6) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "queues" (
	"environment_id" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"declared_limit" integer,
	"override_limit" integer,
	"is_paused" boolean DEFAULT false NOT NULL,
	"rate_limit" integer,
	"rate_period_ms" integer,
	"rate_is_per_key" boolean,
	"max_length" integer,
	"create_time" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "queues_environment_id_name_pk" PRIMARY KEY("environment_id","name"),
	CONSTRAINT "queues_rate" CHECK (num_nonnulls("queues"."rate_limit", "queues"."rate_period_ms", "queues"."rate_is_per_key") IN (0, 3))
);
--> statement-breakpoint
CREATE TABLE "run_waits" (
	"environment_id" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"awaited_run_id" text COLLATE "C" NOT NULL,
	"lease_token" uuid NOT NULL,
	"wait_id" text COLLATE "C" NOT NULL,
	CONSTRAINT "run_waits_environment_id_run_id_awaited_run_id_pk" PRIMARY KEY("environment_id","run_id","awaited_run_id")
);
--> statement-breakpoint
CREATE TABLE "schedules" (
	"environment_id" text COLLATE "C" NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"task_id" text COLLATE "C" NOT NULL,
	"type" "schedule_type" NOT NULL,
	"cron" text NOT NULL,
	"timezone" text NOT NULL,
	"deduplication_key" text COLLATE "C" NOT NULL,
	"external_id" text NOT NULL,
	"is_active" boolean NOT NULL,
	"is_declared" boolean DEFAULT true NOT NULL,
	"next_time" timestamp (6) with time zone,
	"last_time" timestamp (6) with time zone,
	"create_time" timestamp (6) with time zone NOT NULL,
	CONSTRAINT "schedules_environment_id_id_pk" PRIMARY KEY("environment_id","id"),
	CONSTRAINT "schedules_active" CHECK (("schedules"."is_active" AND "schedules"."is_declared") OR "schedules"."next_time" IS NULL)
);
--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "rate_limit" integer;--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "rate_period_ms" integer;--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "rate_is_per_key" boolean;--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "max_length" integer;--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "is_scheduled" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "cron" text;--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "cron_timezone" text;--> statement-breakpoint
ALTER TABLE "environments" ADD COLUMN "concurrency_limit" integer;--> statement-breakpoint
ALTER TABLE "environments" ADD COLUMN "queue_shard" integer GENERATED ALWAYS AS ((hashtext(id) & 2147483647) % 8) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "run_contents" ADD COLUMN "schedule_id" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "concurrency_key" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "expire_time" timestamp (6) with time zone;--> statement-breakpoint
ALTER TABLE "queues" ADD CONSTRAINT "queues_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedules" ADD CONSTRAINT "schedules_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "schedules_deduplication_key" ON "schedules" USING btree ("environment_id","type","deduplication_key") WHERE "schedules"."deduplication_key" <> '';--> statement-breakpoint
CREATE INDEX "batches_newest" ON "batches" USING btree ("environment_id","create_time","id");--> statement-breakpoint
CREATE INDEX "schedules_due" ON "schedules" USING btree ("next_time","id") WHERE "schedules"."next_time" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "environments_queue_shard" ON "environments" USING btree ("queue_shard","id");--> statement-breakpoint
DROP INDEX "runs_queued";--> statement-breakpoint
CREATE INDEX "runs_queued" ON "runs" USING btree ("environment_id","queue","queue_time","id") WHERE "runs"."status" = 'QUEUED';--> statement-breakpoint
CREATE INDEX "runs_expire" ON "runs" USING btree ("expire_time","id") WHERE "runs"."expire_time" IS NOT NULL;--> statement-breakpoint
INSERT INTO "queues" ("environment_id", "name", "declared_limit")
SELECT t."environment_id", t."queue", min(t."concurrency_limit") FROM "environments" e
JOIN "deployment_tasks" t ON t."environment_id" = e."id" AND t."deployment_id" = e."current_deployment_id"
GROUP BY t."environment_id", t."queue";
