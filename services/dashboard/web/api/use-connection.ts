import { useSyncExternalStore } from "react";
import { connection, type ConnectionState } from "./connection.ts";

/** Whether the cluster can be reached. */
export function useConnection(): ConnectionState {
  return useSyncExternalStore(connection.subscribe, () => connection.state);
}
