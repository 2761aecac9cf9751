ALTER TABLE "supervisors" ADD COLUMN "workers" integer;--> statement-breakpoint
ALTER TABLE "supervisors" ADD COLUMN "vcpu" double precision DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "supervisors" ADD COLUMN "memory_gb" double precision DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "supervisors" ADD COLUMN "machines" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "supervisors" ADD COLUMN "release" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "supervisors" ADD COLUMN "executing" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "supervisors" ADD COLUMN "suspended" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "supervisors" ADD COLUMN "is_draining" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "run_contents_schedule" ON "run_contents" USING btree ("environment_id","schedule_id","run_id") WHERE "run_contents"."schedule_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "runs_test" ON "runs" USING btree ("environment_id","id") WHERE "runs"."is_test";--> statement-breakpoint
CREATE INDEX "runs_failed" ON "runs" USING btree ("environment_id","finish_time") WHERE "runs"."finish_time" IS NOT NULL AND "runs"."status" <> 'COMPLETED' AND "runs"."status" <> 'CANCELED';