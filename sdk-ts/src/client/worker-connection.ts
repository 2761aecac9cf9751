import { processGlobal } from "../task/process-global.ts";

/** How a task reaches its cluster: through the supervisor that started its process, as the environment it runs in. */
export interface WorkerConnection {
  /** "unix:/path" */
  readonly address: string;
  readonly token: string;
}

/** Filled in a worker, before any task is loaded. */
export const workerConnection = processGlobal("worker-connection", (): { current: WorkerConnection | undefined } => ({
  current: undefined,
}));
