CREATE TYPE "public"."catch_up" AS ENUM('LATEST', 'NONE', 'ALL');--> statement-breakpoint
ALTER TABLE "deployment_tasks" ADD COLUMN "cron_catch_up" "catch_up";--> statement-breakpoint
ALTER TABLE "schedules" ADD COLUMN "catch_up" "catch_up" DEFAULT 'LATEST' NOT NULL;