import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { endProcess, identifyProcess, isAlive } from "./process-identity.ts";

async function startSleeper(
  script = "setInterval(() => undefined, 1e6)",
): Promise<{ pid: number; exited: Promise<unknown[]> }> {
  const child = spawn(process.execPath, ["-e", `${script}; console.log("ready")`], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(child.stdout, "data");
  return { pid: child.pid ?? 0, exited: once(child, "exit") };
}

test("a process is known by its id and its start: another start is another process", async () => {
  const { pid, exited } = await startSleeper();
  const identity = identifyProcess(pid);
  expect(identity && isAlive(identity)).toBe(true);
  expect(isAlive({ pid, startMark: "another start" })).toBe(false);

  await endProcess({ pid, startMark: "another start" }, "SIGKILL", 1_000);
  expect(identity && isAlive(identity)).toBe(true);

  if (identity) await endProcess(identity, "SIGTERM", 5_000);
  expect(await exited).toEqual([null, "SIGTERM"]);
  expect(identifyProcess(pid)).toBeUndefined();
});

test("a process that ignores the request is killed after the limit, also a stopped one", async () => {
  const { pid, exited } = await startSleeper(
    'process.on("SIGTERM", () => undefined); setInterval(() => undefined, 1e6)',
  );
  process.kill(pid, "SIGSTOP");
  const identity = identifyProcess(pid);
  if (identity) await endProcess(identity, "SIGTERM", 50);
  expect(await exited).toEqual([null, "SIGKILL"]);
});
