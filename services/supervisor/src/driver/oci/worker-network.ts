/** A program and its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

/** What a worker's network is made for. */
export interface NetworkedWorker {
  readonly workerId: string;
  /** The worker's private folder on the host, which nobody but us may enter and which is removed with it. */
  readonly workDir: string;
}

/** The network that the workers of an OCI runtime have. */
export interface WorkerNetwork {
  /**
   * "own": config.json lists a network namespace, so the runtime makes one in which there is nothing but loopback (runsc:
   * --network=none). "inherited": it lists none; the container uses the namespace in which the runtime is started, and which
   * `wrap` has made (runsc: --network=host, which is that namespace and not the machine's).
   */
  readonly namespace: "own" | "inherited";
  /**
   * The command line that makes the network and becomes, or waits for, the runtime's. It is started as root in a pid and mount
   * namespace of its own, as that namespace's first process: when it ends, however it does, everything in there is killed by
   * the kernel. It must pass the runtime's exit code, stdout and stderr on. May write files into `workDir`.
   */
  wrap(runtime: CommandLine, worker: NetworkedWorker): Promise<CommandLine>;
}

/** Nothing but loopback. */
export const noNetwork: WorkerNetwork = {
  namespace: "own",
  wrap: (runtime) => Promise.resolve(runtime),
};
