import { expect, it } from "vitest";
import { Description } from "./description.ts";
import { Outbox, type WorkerMessageBody } from "./outbox.ts";

function start() {
  const said: WorkerMessageBody[] = [];
  const outbox = new Outbox({
    send: ({ messages = [] }) => {
      for (const { body } of messages) if (body !== undefined) said.push(body);
      return true;
    },
    drained: () => Promise.resolve(),
  });
  const description = new Description("run_1", outbox);
  const updates = () => {
    outbox.flush();
    return said.map(({ value }) => value);
  };
  return { description, updates };
}

const metadata = (text: string) => ({ data: Buffer.from(text), contentType: "application/json" });

it("what is said in one turn of the event loop travels once: the last metadata, and all tags", async () => {
  const { description, updates } = start();
  description.update({ metadata: metadata("1"), addTags: ["a"] });
  description.update({ metadata: metadata("2") });
  description.update({ addTags: ["b", "a"] });
  await new Promise((resolve) => setImmediate(resolve));
  description.update({ addTags: ["c"] });
  await new Promise((resolve) => setImmediate(resolve));
  expect(updates()).toEqual([
    { runId: "run_1", update: { metadata: metadata("2"), addTags: ["a", "b"] } },
    { runId: "run_1", update: { addTags: ["c"] } },
  ]);
});

it("holds no more tags than a run has room for", () => {
  const { description, updates } = start();
  description.update({ addTags: Array.from({ length: 1_000 }, (_, tag) => `tag${tag}`) });
  description.send();
  expect(updates()).toMatchObject([{ update: { addTags: Array.from({ length: 10 }, (_, tag) => `tag${tag}`) } }]);
});

it("says nothing once it is closed: another attempt may be running", async () => {
  const { description, updates } = start();
  description.update({ addTags: ["in time"] });
  description.close();
  description.update({ addTags: ["late"] });
  await new Promise((resolve) => setImmediate(resolve));
  expect(updates()).toEqual([{ runId: "run_1", update: { addTags: ["in time"] } }]);
});
