import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { address, commonVariables, loadConfig, variable } from "@windlass/chassis";

/** Everything the queue reads from its environment; `--help` prints it. */
const queueVariables = {
  ...commonVariables,
  WINDLASS_LISTEN: variable(address("listen").default("127.0.0.1:7071"), {
    description: "Where supervisors connect, and where health is served.",
  }),
  WINDLASS_ADVERTISED_ADDRESS: variable(address().optional(), {
    description: "Where the run-store reaches this process; where it listens if that is not said.",
  }),
  WINDLASS_RUN_STORE_ADDRESS: variable(address().default("127.0.0.1:7070"), {
    description: "The run-store.",
  }),
};

export type QueueConfig = ReturnType<typeof readConfig>;

/** Reads the environment; exits the process when it cannot be used (see loadConfig). */
export function readConfig() {
  const config = loadConfig("queue", queueVariables);
  // The process id alone is the same in every container.
  return { ...config, queueServiceId: `${hostname()}/${process.pid}/${randomUUID()}` };
}

/** Where others reach what listens here: an address that stands for all interfaces means this host. */
export function advertisedAddress(listening: string): string {
  return listening.replace(/^(?:0\.0\.0\.0|\[::\]):/, `${hostname()}:`);
}
