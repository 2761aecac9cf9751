import type { Queryable, ServiceCall } from "@windlass/chassis";
import type { SupervisorService } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import { listSupervisors } from "../supervisors/list-supervisors.ts";
import { parseListSupervisors } from "../validation/supervisor-requests.ts";

/** Supervisors are the cluster's: the authenticator lets every environment's key ask for them. */
export function createSupervisorService(options: {
  readonly db: Queryable;
}): ServiceImplementation<typeof SupervisorService, ServiceCall> {
  return {
    listSupervisors: async (request) => listSupervisors(options.db, parseListSupervisors(request)),
  };
}
