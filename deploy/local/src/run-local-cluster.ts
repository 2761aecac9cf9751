import { mkdirSync } from "node:fs";
import path from "node:path";
import { createCluster, type Cluster } from "./cluster.ts";
import type { ClusterMember } from "./cluster-member.ts";
import { listenForInterrupts } from "./interrupt.ts";
import { localPaths, repositoryDirectory, type LocalPaths } from "./local-paths.ts";
import { acquireLock } from "./lock.ts";
import type { Options } from "./options.ts";
import { defaultPorts } from "./ports.ts";
import { runExample } from "./run-example.ts";
import { loadSecrets } from "./secrets.ts";
import { formatDuration, type Terminal } from "./terminal.ts";

const interruptedExitCode = 130; // what shells say of a Ctrl-C

/**
 * Runs a cluster from its start to its end, and prints what happens.
 * @returns the exit code: 0 after `--once` or a Ctrl-C of the running cluster, 130 when it was interrupted before it ran.
 * @throws one line with the reason and the log's place; then everything is stopped.
 */
export async function runLocalCluster(options: Options, terminal: Terminal): Promise<number> {
  const paths = localPaths(options.home);
  mkdirSync(paths.home, { recursive: true });
  const lock = acquireLock(paths.lockFile);
  try {
    const interrupts = listenForInterrupts();
    const secrets = loadSecrets(paths.secretsFile);
    const cluster = await createCluster({
      paths,
      secrets,
      ports: "default",
      onProgress: (step) => terminal.line(`  ${step}`),
    });
    interrupts.onAgain(() => endAtOnce(cluster));

    const bringUp = async (): Promise<void> => {
      terminal.line(terminal.style("bold", "Windlass") + terminal.style("dim", `  ${shortPath(paths.home)}`));
      await terminal.step("still starting", () =>
        cluster.start((member, ms) => reportReady(terminal, cluster, member, ms)),
      );
      lock.publishAddress(cluster.address);
      await runExample({
        address: cluster.address,
        apiKey: secrets.apiKey,
        taskDirectory: options.taskDirectory,
        terminal,
      });
      printAddresses(terminal, cluster, secrets.apiKey, paths);
    };
    try {
      const up = bringUp().then(() => "up" as const);
      const outcome = await Promise.race([up, interrupts.first]);
      if (outcome !== "up") {
        up.catch(() => undefined); // it fails because everything is being stopped
        return interruptedExitCode;
      }
      if (options.once) return 0;
      terminal.line(terminal.style("dim", "Ctrl-C stops everything."));
      const end = await Promise.race([cluster.broken(), interrupts.first.then(() => undefined)]);
      if (end !== undefined) throw new Error(end);
      return 0;
    } catch (error) {
      throw withLogPlace(error, paths);
    } finally {
      await terminal.step("still stopping", () => cluster.stop());
    }
  } finally {
    lock.release();
  }
}

function reportReady(terminal: Terminal, cluster: Cluster, member: ClusterMember, durationMs: number): void {
  const pages = member.name === "dashboard" ? cluster.dashboardAddress : undefined;
  const [kind, address] = pages === undefined ? [member.name, member.address] : ["pages", pages];
  const time = terminal.style("dim", formatDuration(durationMs));
  terminal.line(`  ${member.name.padEnd(11)} ${address.padEnd(15)}  ${time}${movedNote(terminal, kind, address)}`);
}

/** What is said of an address that is not the usual one. */
function movedNote(terminal: Terminal, kind: string, address: string): string {
  const usual = Object.entries(defaultPorts).find(([name]) => name === kind)?.[1];
  const port = Number(address.split(":")[1]);
  return usual === undefined || usual === port ? "" : terminal.style("yellow", `  (${usual} is taken)`);
}

/** What a user needs first stands first: the page, and the key that opens it. */
function printAddresses(terminal: Terminal, cluster: Cluster, apiKey: string, paths: LocalPaths): void {
  const { dashboardAddress, httpAddress } = cluster;
  const inPages = `Sign in there with the API key; "Test" triggers a run.`;
  const others = cluster.services.filter(({ service }) => service !== "run-store" && service !== "dashboard");
  const rows = [
    ...(dashboardAddress === undefined
      ? []
      : [
          ["Dashboard", terminal.style("bold", `http://${dashboardAddress}`)],
          ["", terminal.style("dim", inPages)],
          [],
        ]),
    ["WINDLASS_URL", cluster.address],
    ["WINDLASS_API_KEY", apiKey],
    [],
    ...others.map(({ name, address }) => [name, address]),
    ["HTTP", `http://${httpAddress}${movedNote(terminal, "http", httpAddress)}`],
    ["PostgreSQL", cluster.postgres.url],
    ["NATS", `nats://${cluster.nats.address}`],
    ["logs", shortPath(paths.logs)],
  ];
  terminal.line();
  for (const [name = "", value = ""] of rows) terminal.line(`  ${name.padEnd(17)} ${value}`.trimEnd());
  terminal.line();
}

function endAtOnce(cluster: Cluster): void {
  for (const { process } of [cluster.postgres, cluster.nats, ...cluster.services]) process?.signal("SIGKILL");
}

/** Errors of a process name its own log; others name the folder. */
function withLogPlace(error: unknown, paths: LocalPaths): Error {
  const message = error instanceof Error ? error.message : String(error);
  return message.includes(paths.logs)
    ? new Error(message, { cause: error })
    : new Error(`${message} (logs: ${shortPath(paths.logs)})`, { cause: error });
}

/** Relative to the repository when it is inside. */
function shortPath(file: string): string {
  const relative = path.relative(repositoryDirectory, file);
  return relative.startsWith("..") ? file : relative;
}
