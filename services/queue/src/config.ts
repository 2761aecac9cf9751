import { hostname } from "node:os";
import { address, commonVariables, loadConfig, variable } from "@windlass/chassis";

/** Everything the queue reads from its environment; `--help` prints it. */
const queueVariables = {
  ...commonVariables,
  WINDLASS_LISTEN: variable(address("listen").default("127.0.0.1:7071"), {
    description: "Where supervisors connect, and where health is served.",
  }),
  WINDLASS_RUN_STORE_ADDRESS: variable(address().default("127.0.0.1:7070"), {
    description: "The run-store.",
  }),
};

export type QueueConfig = ReturnType<typeof readConfig>;

/** Reads the environment; exits the process when it cannot be used (see loadConfig). */
export function readConfig() {
  return { ...loadConfig("queue", queueVariables), queueServiceId: `${hostname()}/${process.pid}` };
}
