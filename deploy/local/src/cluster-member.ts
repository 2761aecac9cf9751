import type { ManagedProcess, ProcessExit } from "./managed-process.ts";
import { waitUntilReady } from "./wait-until-ready.ts";

/** A server of the cluster in a process of its own. It can be started and stopped again and again, always at the same address. */
export interface ClusterMember {
  /** Unique in its cluster, for example "queue" or "queue-2". */
  readonly name: string;
  /** "127.0.0.1:port". */
  readonly address: string;
  /** The living process; undefined before the start and after the end. */
  readonly process: ManagedProcess | undefined;
  /** Starts it and waits until it serves. Does nothing while it runs. Throws one line that names its log; then nothing runs. */
  start(): Promise<void>;
  /** Asks it to stop, waits, and kills it after its limit. Resolves with how it ended; undefined when it was not running. */
  stop(): Promise<ProcessExit | undefined>;
}

/** What makes a member what it is. */
export interface MemberDefinition {
  readonly name: string;
  readonly address: string;
  /** Starts the process. */
  readonly launch: () => Promise<ManagedProcess>;
  /** Asked again and again after the launch. */
  readonly isReady: (child: ManagedProcess) => Promise<boolean> | boolean;
  readonly startLimitMs: number;
  readonly stopLimitMs: number;
}

/** Describes a member; nothing is started. */
export function createMember(definition: MemberDefinition): ClusterMember {
  let child: ManagedProcess | undefined;
  const living = (): ManagedProcess | undefined => (child?.exit === undefined ? child : undefined);
  return {
    name: definition.name,
    address: definition.address,
    get process() {
      return living();
    },
    async start() {
      if (living() !== undefined) return;
      const launched = await definition.launch();
      child = launched;
      await waitUntilReady(launched, () => definition.isReady(launched), definition.startLimitMs);
    },
    async stop() {
      return living()?.stop(definition.stopLimitMs);
    },
  };
}
