// `npm run verify`: everything that is checked without running the code, one line a step; then the tests, unless --no-tests.
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

/** Undefined when all is well, else what is wrong. */
type Step = () => string | undefined;

const root = path.resolve(import.meta.dirname, "..");
const outputLimitBytes = 64 * 1024 * 1024;

const steps: Readonly<Record<string, Step>> = {
  format: () => run("oxfmt", "--check", "."),
  lint: () => run("oxlint", "--type-aware", "--deny-warnings", "."),
  types: () => run("tsc", "-p", "."),
  "types of the dashboard's pages": () => run("tsc", "-p", "services/dashboard/web"),
  "types of the dashboard's tests": () => run("tsc", "-p", "test/dashboard"),
  "types of the overview's snippets": () => run("tsc", "-p", "test/seed"),
  "protocol format": () => run("buf", "format", "--diff", "--exit-code"),
  "protocol lint": () => run("buf", "lint"),
  "protocol compatibility": checkProtocolCompatibility,
  "generated code": checkGeneratedCode,
  migrations: checkMigrations,
  "unused code": () => run("knip", "--no-progress"),
  "private names": checkPrivateNames,
};

const { values: options } = parseArgs({ options: { "no-tests": { type: "boolean", default: false } } });
const failures = Object.entries(steps).filter(([name, step]) => !passes(name, step));
const testsFail =
  !options["no-tests"] && spawnSync(process.execPath, ["test/run.ts"], { cwd: root, stdio: "inherit" }).status !== 0;
process.exit(failures.length > 0 || testsFail ? 1 : 0);

function passes(name: string, step: Step): boolean {
  const began = performance.now();
  const wrong = step();
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  process.stdout.write(`${wrong === undefined ? "ok    " : "FAILED"}  ${name.padEnd(22)}  ${seconds} s\n`);
  if (wrong !== undefined) process.stdout.write(`${wrong.trimEnd()}\n`);
  return wrong === undefined;
}

/** Against the last published main: what a change breaks for those who have it. On main itself, against the commit before. */
function checkProtocolCompatibility(): string | undefined {
  const head = git("rev-parse", "HEAD");
  const base = ["origin/main", "main", "HEAD^"]
    .map((name) => git("rev-parse", "--verify", "--quiet", name))
    .find((commit) => commit !== "" && commit !== head);
  if (base === undefined || git("ls-tree", base, "proto/") === "") return undefined; // the first commit has nothing to break
  return run("buf", "breaking", "--against", `.git#ref=${base}`);
}

function checkGeneratedCode(): string | undefined {
  return inTemporaryFolder((folder) => {
    const wrong =
      run("buf", "generate", "--output", folder) ?? run("diff", "-r", "proto/gen", path.join(folder, "proto/gen"));
    return wrong === undefined ? undefined : `${wrong}\nproto/gen is not what proto/ says: run npm run generate`;
  });
}

/** What drizzle-kit would generate from the run-store's schema beside the migrations that there are: nothing. */
function checkMigrations(): string | undefined {
  const [service, schema] = ["services/run-store", "services/run-store/src/store/schema/*.ts"];
  const stored = path.join(root, service, "migrations");
  return inTemporaryFolder((folder) => {
    cpSync(stored, folder, { recursive: true });
    const out = path.relative(root, folder); // drizzle-kit takes no absolute path
    const wrong =
      run("drizzle-kit", "generate", "--dialect", "postgresql", "--schema", schema, "--out", out) ??
      run("diff", "-r", stored, folder);
    if (wrong === undefined) return undefined;
    return `${wrong}\n${service}/migrations do not lead to its schema: run drizzle-kit generate there`;
  });
}

function inTemporaryFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), "windlass-generated-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What would only be true on the machine, or in the network, where it was written. */
function checkPrivateNames(): string | undefined {
  const machinePath = String.raw`(^|[[:space:]"'(=:])/(work|root|home/[a-z]+|Users/[A-Za-z]+)/[A-Za-z]`;
  const downloadAddress = String.raw`"resolved": "[a-z+]+://`; // .npmrc keeps these out of package-lock.json
  return git("grep", "-nIE", "-e", machinePath, "-e", downloadAddress) || undefined;
}

function run(command: string, ...args: string[]): string | undefined {
  const result = execute(command, args);
  if (result.status === 0) return undefined;
  return (
    [result.error?.message, result.stdout, result.stderr].filter(Boolean).join("\n") ||
    `${command} exited with ${result.status}`
  );
}

function git(...args: string[]): string {
  return execute("git", args).stdout.replace(/\n$/u, "");
}

function execute(command: string, args: readonly string[]): SpawnSyncReturns<string> {
  const env = {
    ...process.env,
    PATH: [path.join(root, "node_modules/.bin"), process.env["PATH"]].join(path.delimiter),
  };
  return spawnSync(command, args, { cwd: root, env, encoding: "utf8", maxBuffer: outputLimitBytes });
}
