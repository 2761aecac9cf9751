CREATE INDEX "runs_task" ON "runs" USING btree ("environment_id","task_id","id");--> statement-breakpoint
CREATE INDEX "runs_live" ON "runs" USING btree ("environment_id","id") WHERE "runs"."finish_time" IS NULL;--> statement-breakpoint
CREATE INDEX "runs_unsuccessful" ON "runs" USING btree ("environment_id","id") WHERE "runs"."finish_time" IS NOT NULL AND "runs"."status" <> 'COMPLETED';--> statement-breakpoint
CREATE INDEX "runs_tags" ON "runs" USING gin ("tags") WHERE "runs"."tags" <> '{}';--> statement-breakpoint
ALTER TABLE "bundles" ALTER COLUMN "content" SET STORAGE EXTERNAL;
