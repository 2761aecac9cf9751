export type { BreakableLine, LineState } from "./breakable-line.ts";
export { connectClients, type Clients } from "./clients.ts";
export { logFileOf, startCluster, type TestCluster, type TestClusterOptions } from "./cluster.ts";
export { connectToPostgres } from "./connect-to-postgres.ts";
export { findOverruns, type Overrun } from "./find-overruns.ts";
export { createGate, type Gate } from "./gate.ts";
export {
  checkInvariants,
  checkSettled,
  checkTerminalUnchanged,
  snapshotTerminal,
  type TerminalSnapshot,
  type Violation,
} from "./invariants.ts";
export { startOtlpReceiver, type OtlpReceiver } from "./otlp-receiver.ts";
export type { ReceivedSpan } from "./otlp-spans.ts";
export { makeSchedulesDue } from "./make-schedules-due.ts";
export { listProcesses, processesOf, type ProcessInfo } from "./processes.ts";
export { addSandboxTools } from "./sandbox-tools.ts";
export { createScratchDirectory } from "./scratch-directory.ts";
export { runStartCommand, type StartCommand } from "./start-command.ts";
export { createStoreDatabase, createTestDatabase, type TestDatabase } from "./test-database.ts";
export { runIdsOf, triggerAll, type TriggerInit } from "./trigger-all.ts";
export { waitFor, waitUntilClean } from "./wait-for.ts";
export { createWallClock, type WallClock } from "./wall-clock.ts";
export { runWindlass, startWindlass, type WindlassCommand, type WindlassResult } from "./windlass-command.ts";
