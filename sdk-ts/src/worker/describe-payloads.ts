import type { TaskDefinition } from "@windlass/proto";
import type { RegisteredTask } from "../task/task-registry.ts";

/** 2 MB in all schemas of a version: its tasks travel in one message, and have other texts, too. */
const MAX_TOTAL_BYTES = 2 * 1024 * 1024;
const MAX_REMARKS = 100;
const MAX_REMARK_CHARS = 1_000;

/**
 * Puts into the definitions what payloads look like, and returns a sentence for each task whose schema says it in a way that cannot be told: it is checked as
 * any other, but a form for it knows nothing.
 */
export function describePayloads(
  definitions: readonly TaskDefinition[],
  tasks: readonly Pick<RegisteredTask, "id" | "describePayload">[],
): string[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const remarks: string[] = [];
  let bytes = 0;
  for (const definition of definitions) {
    const description = byId.get(definition.id)?.describePayload?.();
    if (description === undefined) continue;
    if ("problem" in description) {
      remarks.push(remark(definition.id, description.problem));
      continue;
    }
    bytes += Buffer.byteLength(description.json);
    if (bytes <= MAX_TOTAL_BYTES) definition.payloadSchemaJson = description.json;
    else remarks.push(remark(definition.id, `all JSON Schemas together have more than ${MAX_TOTAL_BYTES} bytes`));
  }
  return remarks.length <= MAX_REMARKS
    ? remarks
    : [...remarks.slice(0, MAX_REMARKS - 1), `and ${remarks.length - MAX_REMARKS + 1} more tasks likewise`];
}

function remark(taskId: string, problem: string): string {
  const hint = "give the task jsonSchema, and the dashboard can check payloads and make examples";
  return `task ${JSON.stringify(taskId)}: its payload is not described (${problem}); ${hint}`.slice(
    0,
    MAX_REMARK_CHARS,
  );
}
