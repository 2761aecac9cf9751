import { execFileSync } from "node:child_process";
import { findNatsServer, localPaths } from "@windlass/local";
import { connectToPostgres } from "../kit/connect-to-postgres.ts";
import type { BenchCluster } from "./bench-cluster.ts";

const SHOW = {
  name: "bench_show_settings",
  text: "SELECT name, setting FROM pg_settings WHERE name IN ('server_version', 'fsync', 'synchronous_commit')",
};

/** What ran, and that nothing was made faster by giving up durability. */
export async function describeVersions(bench: BenchCluster): Promise<string[]> {
  const postgres = await connectToPostgres(bench.cluster.postgres.url);
  try {
    const settings = await postgres.query<{ name: string; setting: string }>(SHOW, []);
    const nats = await findNatsServer({ toolsDirectory: localPaths("").tools });
    return [
      `Node ${process.versions.node}`,
      ...settings.map(({ name, setting }) => `PostgreSQL ${name.replace("server_version", "version")} ${setting}`),
      execFileSync(nats, ["--version"], { encoding: "utf8" }).trim(),
    ];
  } finally {
    await postgres.stop();
  }
}
