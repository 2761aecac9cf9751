import type { ClaimNext, Lease } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { ENVIRONMENT_ID, type HotStore } from "./hot-store.ts";
import { SUPERVISOR_ID } from "./reports.ts";

/** Asks for the next runs of "hello" in advance: one, for the supervisor of reports, unless `init` says otherwise. */
export function claimNext(
  store: HotStore,
  stream: AbortSignal,
  init: Partial<ClaimNext> = {},
  epoch = store.epoch,
): Promise<Lease[] | CallFailure> {
  const next: ClaimNext = {
    $typeName: "windlass.internal.v1.ClaimNext",
    environmentId: ENVIRONMENT_ID,
    queue: "task/hello",
    concurrencyKey: "",
    machine: "small-1x",
    supervisorId: SUPERVISOR_ID,
    count: 1,
    ...init,
  };
  return store.parts.nextClaims.wait({ shard: store.shard, epoch, next }, stream);
}

/** The runs of the leases that were answered; throws what was answered instead. */
export async function runIdsOf(answer: Promise<Lease[] | CallFailure>): Promise<string[]> {
  const leases = await answer;
  if (leases instanceof CallFailure) throw leases;
  return leases.map(({ ref }) => ref?.runId ?? "");
}
