import { create } from "@bufbuild/protobuf";
import { TaskDefinitionSchema } from "@windlass/proto";
import { expect, it } from "vitest";
import type { RegisteredTask } from "../task/task-registry.ts";
import { describePayloads } from "./describe-payloads.ts";

function describeAll(tasks: readonly Pick<RegisteredTask, "id" | "describePayload">[]) {
  const definitions = tasks.map(({ id }) => create(TaskDefinitionSchema, { id }));
  return { remarks: describePayloads(definitions, tasks), schemas: definitions.map((task) => task.payloadSchemaJson) };
}

it("a definition says what the payload looks like, if the task knows", () => {
  const { remarks, schemas } = describeAll([{ id: "plain" }, { id: "known", describePayload: () => ({ json: "{}" }) }]);
  expect(schemas).toEqual(["", "{}"]);
  expect(remarks).toEqual([]);
});

it("a schema that cannot be told is remarked upon, with what to do", () => {
  const { remarks, schemas } = describeAll([{ id: "odd", describePayload: () => ({ problem: "no word for it" }) }]);
  expect(schemas).toEqual([""]);
  expect(remarks).toEqual([expect.stringMatching(/^task "odd": .*no word for it.*; give the task jsonSchema/u)]);
});

it("schemas beyond 2 MB in all are left out, and no more than 100 remarks are made", () => {
  const json = JSON.stringify({ description: "x".repeat(60_000) });
  const { remarks, schemas } = describeAll(
    Array.from({ length: 200 }, (_, nth) => ({ id: `task-${nth}`, describePayload: () => ({ json }) })),
  );
  expect(schemas.filter((schema) => schema !== "")).toHaveLength(34);
  expect(remarks).toHaveLength(100);
  expect(remarks.at(-1)).toBe("and 67 more tasks likewise");
});
