import { expect, it } from "vitest";
import { reasonOf } from "../testing/failure-of.ts";
import { createRunSeeder } from "../testing/seed-runs.ts";
import { startStoreServer } from "../testing/store-server.ts";

it("streams that wait end when the service stops, and leave nothing that listens", async () => {
  const server = await startStoreServer();
  const seeder = await createRunSeeder(server.postgres, server.feed);
  const environment = await server.createEnvironment();
  const runId = await seeder.trigger(environment.id);
  const key = `${environment.id}/${runId}`;

  const watching = environment.runs.watchRun({ runId })[Symbol.asyncIterator]();
  await watching.next();
  const watched = reasonOf({ [Symbol.asyncIterator]: () => watching });
  const awaiting = environment.runs.awaitRuns();
  const responses = awaiting.responses[Symbol.asyncIterator]();
  awaiting.send({ runIds: [runId, "run_none"] });
  await responses.next();
  const awaited = reasonOf({ [Symbol.asyncIterator]: () => responses });
  expect([server.feed.runChanges.has(key), server.feed.finished.has(key)]).toEqual([true, true]);

  await server.stop();
  expect(await Promise.all([watched, awaited])).toEqual(["NOT_READY", "NOT_READY"]);
  expect([server.feed.runChanges.has(key), server.feed.finished.has(key)]).toEqual([false, false]);
});
