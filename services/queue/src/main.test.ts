import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startFakeRunStore } from "./testing/fake-run-store.ts";
import { internalToken } from "./testing/parts.ts";

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly address?: string;
}

/** Starts the program, and hands out its log line by line. */
function startQueueProcess(runStoreAddress: string) {
  const child = spawn(process.execPath, [fileURLToPath(new URL("main.ts", import.meta.url))], {
    env: {
      WINDLASS_LISTEN: "127.0.0.1:0",
      WINDLASS_RUN_STORE_ADDRESS: runStoreAddress,
      WINDLASS_INTERNAL_TOKEN: internalToken,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: LogLine[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => void lines.push(JSON.parse(line) as LogLine));
  return {
    end: () => child.kill("SIGTERM"),
    exited: once(child, "exit").then(([code]) => code as number | null),
    /** The first line with this message, now or later. */
    logged: async (msg: string): Promise<LogLine> => {
      for (;;) {
        const line = lines.find((line) => line.msg === msg);
        if (line !== undefined) return line;
        await once(reader, "line");
      }
    },
  };
}

test("a process that is asked to end hands its shards over before it does, and exits with 0", async () => {
  const store = await startFakeRunStore();
  onTestFinished(() => store[Symbol.asyncDispose]());
  const queue = startQueueProcess(store.address);
  const { address } = await queue.logged("listening");
  await queue.logged("owner of a shard");
  expect(store.shards.hellos[0]).toMatchObject({ address, releasedShards: [] });
  queue.end();
  await expect(queue.exited).resolves.toBe(0);
  expect(store.shards.hellos.at(-1)?.releasedShards).toEqual([0]);
});
