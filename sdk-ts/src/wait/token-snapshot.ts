import { type Token, TokenStatus } from "@windlass/proto";
import { present } from "../client/present.ts";
import { dateOf } from "../client/run-snapshot.ts";
import { decodeContent } from "../content/json-content.ts";

export type TokenStatusName = "WAITING" | "COMPLETED" | "TIMED_OUT";

/** A wait token as it was at one moment. */
export interface TokenSnapshot<Output = unknown> {
  readonly id: string;
  readonly status: TokenStatusName;
  readonly createdAt: Date;
  /** When it times out; absent: never. */
  readonly timeoutAt?: Date;
  /** When it was completed or timed out. */
  readonly completedAt?: Date;
  readonly tags: readonly string[];
  readonly idempotencyKey?: string;
  /** What it was completed with; not in lists. */
  readonly output?: Output;
}

export function tokenSnapshotFromProto(token: Token): TokenSnapshot {
  return {
    id: token.id,
    status: statusName(token.status),
    createdAt: dateOf(token.createTime) ?? new Date(0),
    tags: token.tags,
    ...present({
      timeoutAt: dateOf(token.timeoutTime),
      completedAt: dateOf(token.finishTime),
      idempotencyKey: token.idempotencyKey || undefined,
      output: decodeContent(token.data),
    }),
  };
}

function statusName(status: TokenStatus): TokenStatusName {
  switch (status) {
    case TokenStatus.COMPLETED:
      return "COMPLETED";
    case TokenStatus.TIMED_OUT:
      return "TIMED_OUT";
    default:
      return "WAITING";
  }
}
