ALTER TABLE "environment_variables" ALTER COLUMN "value" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "environment_variables" ADD COLUMN "sealed" "bytea";--> statement-breakpoint
ALTER TABLE "environment_variables" ADD COLUMN "key_id" text;--> statement-breakpoint
ALTER TABLE "environment_variables" ADD COLUMN "is_secret" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "environment_variables" ADD CONSTRAINT "environment_variables_sealed" CHECK (("environment_variables"."value" IS NULL) = ("environment_variables"."sealed" IS NOT NULL));--> statement-breakpoint
ALTER TABLE "environment_variables" ADD CONSTRAINT "environment_variables_key" CHECK (("environment_variables"."sealed" IS NULL) = ("environment_variables"."key_id" IS NULL));