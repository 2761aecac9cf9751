import { status } from "@grpc/grpc-js";
import { ErrorReason, type Health, HealthCheckResponse_ServingStatus as ServingStatus } from "@windlass/proto";
import { CallFailure, createPushStream, type PushStream, type ServiceImplementation } from "@windlass/proto/grpc";
import { overloaded } from "../failures/index.ts";

/** Whether a server is serving, for those who probe it. */
export interface HealthState {
  readonly implementation: ServiceImplementation<typeof Health>;
  set(isServing: boolean): void;
}

/** A watcher that leaves more changes unread is ended, and asks again. */
const MAX_UNREAD_CHANGES = 16;

/** grpc.health.v1 for a server whose services all serve or none does. Not serving until told otherwise. */
export function createHealth(hasService: (name: string) => boolean): HealthState {
  let isServing = false;
  const watchers = new Set<PushStream<ServingStatus>>();
  const now = (): ServingStatus => (isServing ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  const isKnown = (name: string): boolean => name === "" || hasService(name);

  return {
    set(value) {
      if (value === isServing) return;
      isServing = value;
      for (const watcher of watchers) {
        if (!watcher.push(now())) watcher.end(overloaded("The watcher reads too slowly; watch again."));
      }
    },
    implementation: {
      check({ service }) {
        return isKnown(service) ? Promise.resolve({ status: now() }) : Promise.reject(serviceUnknown(service));
      },
      async *watch({ service }, { signal }) {
        const changes = createPushStream<ServingStatus>(MAX_UNREAD_CHANGES, signal);
        if (isKnown(service)) watchers.add(changes);
        changes.push(isKnown(service) ? now() : ServingStatus.SERVICE_UNKNOWN);
        try {
          for await (const change of changes) yield { status: change };
        } finally {
          watchers.delete(changes);
        }
      },
    },
  };
}

/** The health protocol asks for NOT_FOUND; the windlass reason that fits is that the field names nothing. */
function serviceUnknown(service: string): CallFailure {
  const description = `names no service of this server: ${service}`;
  return new CallFailure({
    code: status.NOT_FOUND,
    reason: ErrorReason.FIELD_INVALID,
    message: `service ${description}`,
    violations: [{ field: "service", description }],
  });
}
