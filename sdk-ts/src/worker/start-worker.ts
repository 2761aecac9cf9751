import { RunErrorCode, WorkerService } from "@windlass/proto";
import { createChannel, createClient } from "@windlass/proto/grpc";
import { workerConnection } from "../client/worker-connection.ts";
import { SDK_NAME, SDK_VERSION } from "../version.ts";
import { ConsoleCapture } from "./console-capture.ts";
import { describePayloads } from "./describe-payloads.ts";
import { importErrorIn, type LoadedTasks, loadTasks, type TaskFile } from "./load-tasks.ts";
import { LoopLag } from "./loop-lag.ts";
import { ProcessState } from "./process-state.ts";
import { serializeError } from "./serialize-error.ts";
import { Session } from "./session.ts";
import { writeLastLines } from "./write-last-lines.ts";

const PROTOCOL_VERSION = 1;
/** The supervisor answers from memory, or with one read from the store. */
const CONFIG_TIMEOUT_MS = 30_000;
/** As many as are stored with an error; V8 would take ten. */
const STORED_FRAMES = 50;

/**
 * The whole life of a worker process: connects to the supervisor named by WINDLASS_WORKER_ADDRESS, asks it for the
 * environment variables that the tasks shall find, loads the tasks, executes attempts. Ends the process: with 0 when the supervisor says so, else with 1 as soon as the session ends,
 * because the supervisor is then gone or does not want this worker.
 */
export async function startWorker(loadFiles: () => Promise<readonly TaskFile[]>): Promise<never> {
  const exit = process.exit.bind(process);
  Error.stackTraceLimit = STORED_FRAMES;
  const { address, token } = takeEnvironment();
  // Costs a few milliseconds at the first error; until then nothing. The runtime itself has no map.
  process.setSourceMapsEnabled(true);
  const consoleCapture = new ConsoleCapture();
  const complain = complainTo(process.stderr);
  const channel = createChannel(address, { token, malformedText: "replace" });
  const loopLag = new LoopLag();

  let loadingFailure: { readonly thrown: unknown } | undefined;
  let session: Session | undefined;
  const onUncaught = (thrown: unknown): void => {
    if (session === undefined) loadingFailure ??= { thrown };
    else session.uncaught(thrown);
  };
  process.on("uncaughtException", onUncaught);
  process.on("unhandledRejection", onUncaught);
  // No message leaves the process any more when a task calls process.exit(): lines of that very moment go to its output.
  process.on("exit", () => writeLastLines(session?.unsentLogLines() ?? []));

  const client = createClient(WorkerService, channel);
  const call = client.session();
  let isIndexed = false;
  try {
    const config = await client.getWorkerConfig({ token }, { timeoutMs: CONFIG_TIMEOUT_MS });
    Object.assign(process.env, config.environmentVariables);
    isIndexed = config.describePayloads;
  } catch (error) {
    complain("the supervisor does not say which environment variables there are", error);
    return exit(1);
  }
  workerConnection.current = { address, token };
  let loaded: LoadedTasks = await loadTasks(loadFiles);
  if (loadingFailure !== undefined)
    loaded = { ok: false, importError: importErrorIn("the bundle", loadingFailure.thrown) };

  const processState = new ProcessState();
  const restore = (): void => {
    consoleCapture.restore();
    processState.restore();
  };
  session = new Session(call, { restore, complain, loopLag });
  session.greet({
    protocolVersion: PROTOCOL_VERSION,
    token,
    language: "typescript",
    sdk: `${SDK_NAME} ${SDK_VERSION}`,
    ...(loaded.ok
      ? { tasks: loaded.definitions, remarks: isIndexed ? describePayloads(loaded.definitions, loaded.tasks) : [] }
      : { importError: loaded.importError }),
  });
  try {
    await session.serve();
  } catch (error) {
    complain("the session with the supervisor ended", error);
    return exit(1);
  }
  return exit(0);
}

/** Reads where the supervisor is, and hides that from the tasks. */
function takeEnvironment(): { address: string; token: string } {
  const { WINDLASS_WORKER_ADDRESS: address, WINDLASS_WORKER_TOKEN: token } = process.env;
  if (address === undefined || token === undefined) {
    throw new Error(
      "WINDLASS_WORKER_ADDRESS and WINDLASS_WORKER_TOKEN are not set: this program is started by a Windlass supervisor",
    );
  }
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("WINDLASS_WORKER_")) delete process.env[name];
  }
  return { address, token };
}

function complainTo(stream: NodeJS.WriteStream): (message: string, error: unknown) => void {
  return (message, error) => {
    const { name, message: detail, stack } = serializeError(error, RunErrorCode.TASK_ERROR); // Reading it this way never throws.
    stream.write(`windlass worker: ${message}: ${name}: ${detail}\n${stack}\n`);
  };
}
