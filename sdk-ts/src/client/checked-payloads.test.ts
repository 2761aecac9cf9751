import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { workerConnection } from "./worker-connection.ts";
import { batch, close, configure, PayloadInvalid, schemaTask, tasks } from "../index.ts";
import { TestAttempt } from "../testing/test-attempt.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";

const invite = schemaTask({
  id: "invite",
  schema: z.object({ to: z.array(z.email()), on: z.coerce.date<string>(), seats: z.number().default(1) }),
  run: async () => {},
});
const good = { to: ["ada@example.com"], on: "2030-01-02T03:04:05Z" };
const bad = { to: ["ada@example.com", "nobody"], on: "never" };
const refusal = {
  name: "WindlassError",
  reason: "FIELD_INVALID",
  message: expect.stringContaining('does not match the schema of task "invite": to[1]: '),
  violations: [{ field: "payload.to[1]" }, { field: "payload.on" }],
  cause: expect.any(PayloadInvalid),
};

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY });
});

afterEach(async () => {
  TestAttempt.end();
  workerConnection.current = undefined;
  await close();
  cluster.kill();
});

describe("the payload of a schemaTask, where it is triggered", () => {
  it("is refused with the paths of all that is wrong, and nothing is stored", async () => {
    await expect(invite.trigger(bad)).rejects.toMatchObject(refusal);
    expect(cluster.triggerMessages).toEqual([]);
  });

  it("travels as it was given: the worker parses it, once", async () => {
    await invite.trigger(good);
    const [trigger] = cluster.triggerMessages.flat();
    expect(JSON.parse(Buffer.from(trigger?.payload?.data ?? []).toString())).toEqual(good);
  });

  it("is not looked at when the task is triggered by its id alone", async () => {
    await tasks.trigger("invite", bad);
    expect(cluster.triggerMessages).toHaveLength(1);
  });

  it("fails alone in a batch", async () => {
    const handle = await invite.batchTrigger([{ payload: good }, { payload: bad }, { payload: good }]);
    expect(handle.runCount).toBe(2);
    expect(handle.failedItems).toMatchObject([
      { index: 1, taskIdentifier: "invite", error: { violations: [{ field: "items[1].payload.to[1]" }, {}] } },
    ]);
    const mixed = await batch.triggerByTask([{ task: invite, payload: bad }]);
    expect(mixed.failedItems).toMatchObject([{ index: 0, error: { reason: "FIELD_INVALID" } }]);
  });

  it("is refused inside of a run before the run waits", async () => {
    workerConnection.current = { address: `127.0.0.1:${cluster.port}`, token: API_KEY };
    const attempt = TestAttempt.begin();
    await expect(invite.triggerAndWait(bad)).rejects.toMatchObject(refusal);
    const { runs } = await invite.batchTriggerAndWait([{ payload: bad }]);
    expect(runs).toMatchObject([{ ok: false, id: "", error: { reason: "FIELD_INVALID" } }]);
    expect(attempt.waits).toEqual([]);
  });

  it("cannot be sent when the schema throws, which is the cause", async () => {
    const broken = schemaTask({
      id: "broken",
      schema: z.string().refine(() => {
        throw new Error("the database is away");
      }),
      run: async () => {},
    });
    await expect(broken.trigger("x")).rejects.toMatchObject({
      reason: "FIELD_INVALID",
      violations: [{ field: "payload" }],
      cause: { message: "the database is away" },
    });
  });
});
