import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { BundleSchema, type Hello, type TaskDefinition } from "@windlass/proto";
import { BuildError } from "./build-error.ts";
import type { TaskBundle } from "./bundle.ts";
import { ImportError } from "./import-error.ts";
import { receiveHello } from "./receive-hello.ts";
import { WorkerProcess } from "./worker-process.ts";

/** How a bundle is started to see what is in it. */
export interface IndexOptions {
  /** The environment variables that the task files find while they are loaded, beside PATH, HOME and TMPDIR. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long loading all task files may take, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
  /** Ends the loading early; then its reason is thrown, and the process is gone. */
  readonly signal?: AbortSignal;
  /** Told what whoever deploys should know, such as a schema that cannot be described; at most 100 sentences. Default: console.warn. */
  readonly onRemark?: (remark: string) => void;
}

/**
 * Starts the bundle as a worker process, as a supervisor would, and reads from its greeting which tasks it has. Throws
 * ImportError when a task file throws or two tasks share an id, BuildError when the process ends or stays silent, or
 * there is no task at all. Leaves neither process nor file behind.
 */
export async function index(bundle: Pick<TaskBundle, "bytes">, options: IndexOptions = {}): Promise<TaskDefinition[]> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-index-"));
  try {
    const entryPoint = await layDown(bundle.bytes, folder);
    const { importError, tasks, remarks } = await greetingOf(entryPoint, folder, options);
    if (importError !== undefined) throw new ImportError(importError);
    if (tasks.length === 0) throw new BuildError("no file of the task folder defines a task");
    for (const remark of remarks) (options.onRemark ?? console.warn)(remark);
    return tasks;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function layDown(bytes: Uint8Array, folder: string): Promise<string> {
  const { files, entryPoint } = fromBinary(BundleSchema, bytes);
  for (const { path, content, executable } of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content, { mode: executable ? 0o755 : 0o644 });
  }
  return join(folder, entryPoint);
}

const DEFAULT_TIMEOUT_MS = 60_000;

/** Starts the worker, takes its Hello and ends it. */
async function greetingOf(entryPoint: string, folder: string, options: IndexOptions): Promise<Hello> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const token = randomUUID();
  const receiver = await receiveHello(join(folder, "worker.sock"), token, options.env ?? {});
  const interrupted = Promise.withResolvers<never>();
  interrupted.promise.catch(() => {}); // May come when nobody waits any more.
  const interrupt = (): void => interrupted.reject(options.signal?.reason);
  options.signal?.addEventListener("abort", interrupt, { once: true });
  const { PATH = "", HOME = "", TMPDIR = tmpdir() } = process.env;
  const worker = new WorkerProcess(entryPoint, {
    cwd: folder,
    env: {
      PATH,
      HOME,
      TMPDIR,
      WINDLASS_WORKER_ADDRESS: receiver.address,
      WINDLASS_WORKER_TOKEN: token,
    },
  });
  const timeout = new AbortController();
  try {
    options.signal?.throwIfAborted();
    return await Promise.race([
      receiver.hello,
      interrupted.promise,
      worker.exited.then((how) => {
        throw new BuildError(`the worker process ended while it loaded the tasks (${how})${worker.output}`);
      }),
      delay(timeoutMs, undefined, { signal: timeout.signal }).then(() => {
        throw new BuildError(`the tasks were not loaded within ${timeoutMs} ms${worker.output}`);
      }),
    ]);
  } finally {
    timeout.abort();
    options.signal?.removeEventListener("abort", interrupt);
    await worker.kill();
    receiver.close();
  }
}
