import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { WaitSchema } from "@windlass/proto";
import type { AttemptWait } from "../task/active-attempt.ts";
import type { Outbox } from "./outbox.ts";
import { timestampFromMs } from "./protocol-time.ts";

/** The worker's part in suspending an attempt: says what it waits for, and waits for the Resume that names it. */
export class Suspension {
  readonly #runId: string;
  readonly #outbox: Outbox;
  #current: { readonly waitId: string; readonly resolve: () => void } | undefined;

  constructor(runId: string, outbox: Outbox) {
    this.#runId = runId;
    this.#outbox = outbox;
  }

  /** Resolves when the attempt is resumed. One at a time. */
  begin(wait: AttemptWait): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waitId = randomUUID();
    this.#current = { waitId, resolve };
    this.#outbox.push({ case: "suspend", value: { runId: this.#runId, wait: waitToProto(waitId, wait) } });
    return promise;
  }

  /** Does nothing when the wait is not the current one. */
  resume(waitId: string): void {
    if (this.#current?.waitId !== waitId) return;
    this.#current.resolve();
    this.#current = undefined;
  }
}

function waitToProto(id: string, wait: AttemptWait): MessageInitShape<typeof WaitSchema> {
  switch (wait.type) {
    case "duration":
      return { id, kind: { case: "until", value: timestampFromMs(wait.date.getTime()) } };
    case "task":
      return { id, kind: { case: "runId", value: wait.runId } };
    case "batch":
      return {
        id,
        kind: { case: "batch", value: { batchId: wait.batchId, runIds: [...wait.runIds], runCount: wait.runCount } },
      };
    case "token":
      return { id, kind: { case: "tokenId", value: wait.token } };
  }
}
