import { RunStatus } from "@windlass/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { close, configure, type RunEvent, runs, task } from "../index.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";

const hello = task({ id: "hello", run: async (payload: { message: string }) => payload.message.length });
const noPayload = task({ id: "no-payload", run: async () => {} });

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY });
});

afterEach(async () => {
  await close();
  cluster.kill();
});

function json(value: unknown): { data: Uint8Array; contentType: string } {
  return { data: Buffer.from(JSON.stringify(value)), contentType: "application/json" };
}

describe("subscriptions", () => {
  it("give a snapshot for every status, through a restart of the cluster", async () => {
    const handle = await hello.trigger({ message: "x" });
    const statuses: string[] = [];
    let output: number | undefined;
    for await (const run of runs.subscribeToRun(handle)) {
      statuses.push(run.status);
      if (run.status === "QUEUED") {
        cluster.kill();
        cluster.change(handle.id, { status: RunStatus.EXECUTING });
        await cluster.listen();
      }
      if (run.status === "EXECUTING") cluster.change(handle.id, { status: RunStatus.COMPLETED, output: json(1) });
      output = run.output;
    }
    expect(output).toBe(1);
    expect(statuses).toEqual(["QUEUED", "EXECUTING", "COMPLETED"]);
  });

  it("give every event once and in order, through restarts", async () => {
    const { id } = await noPayload.trigger();
    const events: RunEvent[] = [];
    for await (const event of runs.subscribeToEvents(id)) {
      events.push(event);
      if (event.seq === 1) {
        cluster.kill();
        await cluster.listen();
        cluster.tell(id, { body: { case: "log", value: { message: "a line", attributesJson: '{"a":1}', level: 3 } } });
      }
      if (event.type === "log") {
        cluster.kill();
        await cluster.listen();
        cluster.change(id, { status: RunStatus.COMPLETED });
      }
    }
    expect(events).toMatchObject([
      { seq: 1, type: "status", status: "QUEUED" },
      { seq: 2, type: "log", level: "info", message: "a line", attributes: { a: 1 } },
      { seq: 3, type: "status", status: "COMPLETED" },
    ]);
    const late: number[] = [];
    for await (const { seq } of runs.subscribeToEvents(id, { afterSeq: 2 })) late.push(seq);
    expect(late).toEqual([3]);
  });

  it("end when the signal aborts, or the loop is left", async () => {
    const handle = await noPayload.trigger();
    const controller = new AbortController();
    for await (const run of runs.subscribeToRun(handle, { signal: controller.signal })) {
      expect(run.status).toBe("QUEUED");
      controller.abort();
    }
    for await (const run of runs.subscribeToRun(handle)) {
      expect(run.status).toBe("QUEUED");
      break;
    }
  });
});
