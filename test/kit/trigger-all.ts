import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type TriggerResult, TriggerSchema, TriggerTasksRequestSchema } from "@windlass/proto";
import { randomUUID } from "node:crypto";
import type { Clients } from "./clients.ts";

/** A trigger without what every one of them needs anew. */
export type TriggerInit = Omit<MessageInitShape<typeof TriggerSchema>, "$typeName" | "$unknown">;

const ITEMS_IN_MESSAGE = 1_000;
const MESSAGES_IN_FLIGHT = 4;

/**
 * Triggers any number of runs on one stream, 1,000 in a message; gives the results in the order of the triggers. What a trigger leaves out is an empty JSON object as the
 * payload and a new request id.
 */
export async function triggerAll(clients: Clients, triggers: readonly TriggerInit[]): Promise<TriggerResult[]> {
  const results: TriggerResult[][] = [];
  const call = clients.tasks.triggerTasks();
  let sent = 0;
  const sendNext = (): void => {
    const start = sent * ITEMS_IN_MESSAGE;
    if (start >= triggers.length) return;
    const items = triggers
      .slice(start, start + ITEMS_IN_MESSAGE)
      .map((trigger) => create(TriggerSchema, complete(trigger)));
    call.send(create(TriggerTasksRequestSchema, { correlationId: BigInt(sent), triggers: items }));
    sent += 1;
  };
  for (let n = 0; n < MESSAGES_IN_FLIGHT; n += 1) sendNext();
  let answered = 0;
  const messages = Math.ceil(triggers.length / ITEMS_IN_MESSAGE);
  if (messages > 0) {
    for await (const response of call.responses) {
      results[Number(response.correlationId)] = response.results;
      answered += 1;
      if (answered === messages) break;
      sendNext();
    }
  }
  call.cancel();
  return results.flat();
}

function complete(trigger: TriggerInit): TriggerInit {
  const payload = { data: Buffer.from("{}"), contentType: "application/json" };
  return { requestId: randomUUID(), payload, ...trigger };
}

/** The ids of the runs. @throws for a result that is none. */
export function runIdsOf(results: readonly TriggerResult[]): string[] {
  return results.map(({ result }) => {
    if (result.case === "run") return result.value.runId;
    throw new Error(`a trigger was refused: ${result.value?.message}`);
  });
}
