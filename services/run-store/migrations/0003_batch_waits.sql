CREATE TABLE "batch_waits" (
	"environment_id" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"batch_id" text COLLATE "C" NOT NULL,
	"lease_token" uuid NOT NULL,
	"wait_id" text COLLATE "C" NOT NULL,
	CONSTRAINT "batch_waits_environment_id_run_id_pk" PRIMARY KEY("environment_id","run_id")
);
