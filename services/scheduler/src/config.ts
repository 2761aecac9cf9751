import { address, commonVariables, loadConfig, variable } from "@windlass/chassis";

/** Everything the scheduler reads from its environment; `--help` prints it. */
const schedulerVariables = {
  ...commonVariables,
  WINDLASS_LISTEN: variable(address("listen").default("127.0.0.1:7072"), {
    description: "Where health is served.",
  }),
  WINDLASS_RUN_STORE_ADDRESS: variable(address().default("127.0.0.1:7070"), {
    description: "The run-store.",
  }),
};

export type SchedulerConfig = ReturnType<typeof readConfig>;

/** Reads the environment; exits the process when it cannot be used (see loadConfig). */
export function readConfig() {
  return loadConfig("scheduler", schedulerVariables);
}
