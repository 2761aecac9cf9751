import type { DueItem } from "@windlass/proto";

/** What makes two items the same; undefined for a kind this version does not know, which it could not name in ApplyDue either. */
export function dueKey({ item }: DueItem): string | undefined {
  switch (item.case) {
    case "run":
      return `run/${item.value.environmentId}/${item.value.runId}`;
    case "supervisor":
      return `supervisor/${item.value.supervisorId}`;
    case "token":
      return `token/${item.value.environmentId}/${item.value.tokenId}`;
    case "schedule":
      return `schedule/${item.value.environmentId}/${item.value.scheduleId}`;
    case "expiry":
      return `expiry/${item.value.environmentId}/${item.value.runId}`;
    case undefined:
      return undefined;
  }
}
