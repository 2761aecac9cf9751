import { LogLevel, RunStatus } from "@windlass/proto";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { close, configure, tasks } from "../../index.ts";
import { API_KEY, TestCluster } from "../../testing/test-cluster.ts";
import { followEnvironment } from "./follow-environment.ts";

let cluster: TestCluster;
let interrupt: AbortController;
let following: Promise<void>;
/** "run_1 hello: QUEUED" */
let told: string[];
let remarks: string[];

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY, timeoutMs: 2_000 });
  interrupt = new AbortController();
  told = [];
  remarks = [];
  following = Promise.resolve();
});

afterEach(async () => {
  interrupt.abort();
  await following;
  await close();
  cluster.kill();
});

/** Resolves once the run that is there is being followed. */
async function follow(): Promise<void> {
  following = followEnvironment(interrupt.signal, {
    onEvent: ({ id, taskIdentifier }, event) => {
      const what = event.type === "status" ? event.status : event.type === "log" ? event.message : event.type;
      told.push(`${id} ${taskIdentifier}: ${what}`);
    },
    onRemark: (text) => remarks.push(text),
  });
  const { watches } = cluster.streams;
  await vi.waitFor(() => expect(cluster.streams.watches).toBeGreaterThan(watches));
}

const log = (message: string) => ({ body: { case: "log", value: { level: LogLevel.INFO, message } } }) as const;

it("tells the whole timeline of runs that are triggered meanwhile, and of those before what is new", async () => {
  await tasks.trigger("old", undefined);
  await follow();
  await tasks.trigger("new", undefined);
  cluster.tell("run_2", log("working"));
  cluster.change("run_2", { status: RunStatus.COMPLETED });
  await vi.waitFor(
    () => expect(told).toEqual(["run_2 new: QUEUED", "run_2 new: working", "run_2 new: COMPLETED"]),
    5_000,
  );
});

it("says once that the cluster cannot be reached, and that it is back; then it goes on", async () => {
  await tasks.trigger("old", undefined);
  await follow();
  cluster.kill();
  await vi.waitFor(() => expect(remarks).toContainEqual(expect.stringMatching(/^runs are not followed: /)), 5_000);
  await cluster.listen();
  await vi.waitFor(() => expect(remarks).toContain("the cluster can be reached again"), 8_000);
  expect(remarks.filter((remark) => remark.startsWith("runs are not followed"))).toHaveLength(1);
  await tasks.trigger("new", undefined);
  await vi.waitFor(() => expect(told).toContain("run_2 new: QUEUED"), 5_000);
});

it("ends with its signal, and cancels nothing", async () => {
  await tasks.trigger("old", undefined);
  await follow();
  interrupt.abort();
  await following;
  expect(cluster.runs.get("run_1")?.status).toBe(RunStatus.QUEUED);
});
