import type { Queryable } from "@windlass/chassis";
import type { Environment } from "@windlass/proto";
import { environmentToProto } from "../conversions/environment-to-proto.ts";
import { environmentSettingsToProto } from "../conversions/queue-settings.ts";
import { environmentNotFound } from "../failures.ts";
import type { QueueAnnouncer } from "../queue/announce-queue-news.ts";
import { setEnvironmentLimit } from "../store/set-environment-limit.ts";

/** Bounds how many runs of an environment execute at once; null: without limit. The owner of its queues is told at once, else by the next sweep. Throws ENVIRONMENT_NOT_FOUND. */
export async function setConcurrencyLimit(
  { postgres, queueNews }: { readonly postgres: Queryable; readonly queueNews: QueueAnnouncer },
  environmentId: string,
  limit: number | null,
): Promise<Environment> {
  const row = await setEnvironmentLimit(postgres, environmentId, limit);
  if (row === undefined) throw environmentNotFound(environmentId);
  queueNews.settings([
    environmentSettingsToProto({ environment_id: row.id, concurrency_limit: row.concurrency_limit }),
  ]);
  return environmentToProto(row);
}
