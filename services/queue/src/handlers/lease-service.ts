import type { LeaseRunsRequest, LeaseService } from "@windlass/proto";
import { fieldInvalid, type ServiceImplementation } from "@windlass/proto/grpc";
import type { LeasePush, LeaseSession } from "../lease-session.ts";
import { ALL_MACHINES, machineNames, type MachineSet, offerOf } from "../machines.ts";
import type { Supervisors } from "../supervisors.ts";

const MAX_SUPERVISOR_ID_CHARS = 128;
/** In one message, and unused in all. */
const MAX_CREDITS = 10_000;

/** Credits in, leases out. */
export function leaseServiceHandlers(supervisors: Supervisors): ServiceImplementation<typeof LeaseService> {
  return {
    async *leaseRuns(requests): AsyncGenerator<LeasePush, void, undefined> {
      const incoming = requests[Symbol.asyncIterator]();
      const first = await incoming.next();
      if (first.done === true) return;
      const session = supervisors.open(checkedSupervisorId(first.value), checkedOffer(first.value));
      try {
        grantCredits(supervisors, session, first.value);
        void takeRequests(supervisors, session, incoming);
        yield* session;
      } finally {
        supervisors.end(session);
      }
    },
  };
}

/** Never rejects: whatever ends the requests ends the session. */
async function takeRequests(
  supervisors: Supervisors,
  session: LeaseSession,
  incoming: AsyncIterator<LeaseRunsRequest, unknown>,
): Promise<void> {
  try {
    for (let next = await incoming.next(); next.done !== true; next = await incoming.next()) {
      grantCredits(supervisors, session, next.value);
    }
    supervisors.finish(session);
  } catch (error) {
    supervisors.end(session, error);
  }
}

function grantCredits(supervisors: Supervisors, session: LeaseSession, request: LeaseRunsRequest): void {
  const { credits, supervisorId } = request;
  if (supervisorId !== "" && supervisorId !== session.supervisorId) {
    throw fieldInvalid({ field: "supervisor_id", description: "is not the one this stream began with." });
  }
  if (credits < 0 || credits > MAX_CREDITS || supervisors.balance(session) + credits > MAX_CREDITS) {
    const description = `must be 0 to ${MAX_CREDITS}, and no more than that may be unused in all; it is ${credits}.`;
    throw fieldInvalid({ field: "credits", description });
  }
  supervisors.grant(session, credits);
}

function checkedOffer({ machines }: LeaseRunsRequest): MachineSet {
  const offer = offerOf(machines);
  if (offer !== undefined) return offer;
  const description = `must each be one of ${machineNames(ALL_MACHINES).join(", ")}.`;
  throw fieldInvalid({ field: "machines", description });
}

function checkedSupervisorId({ supervisorId }: LeaseRunsRequest): string {
  if (supervisorId.length < 1 || supervisorId.length > MAX_SUPERVISOR_ID_CHARS) {
    const description = `must have 1 to ${MAX_SUPERVISOR_ID_CHARS} characters in the first message; it has ${supervisorId.length}.`;
    throw fieldInvalid({ field: "supervisor_id", description });
  }
  return supervisorId;
}
