import path from "node:path";
import { choosePrivatePort, copyPostgresTemplate, createPostgresMember, repositoryDirectory } from "@windlass/local";
import { createScratchDirectory } from "./scratch-directory.ts";

/** Where the template of fresh servers is kept between test runs. */
export const postgresTemplates: string = path.join(repositoryDirectory, ".windlass", "test");

/** A server for a whole test run. */
export interface TestPostgres {
  /** Of a user that may create databases. */
  readonly adminUrl: string;
  stop(): Promise<void>;
}

/** Starts a fresh server, for global-setup.ts. It does not sync its files: a test kills processes, not the machine. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const scratch = createScratchDirectory();
  const directory = path.join(scratch.path, "postgres");
  await copyPostgresTemplate(directory, postgresTemplates);
  const server = createPostgresMember({
    name: "postgres",
    directory,
    port: await choosePrivatePort(new Set()),
    logDirectory: path.join(scratch.path, "logs"),
    recordDirectory: path.join(scratch.path, "processes"),
    env: () => ({ WINDLASS_HOME: scratch.path }),
    settings: { fsync: "off" },
  });
  await server.start();
  return {
    adminUrl: server.url,
    async stop() {
      await server.stop();
      scratch.remove();
    },
  };
}
