import path from "node:path";
import { close, configure, runs, tasks } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { repositoryDirectory } from "./local-paths.ts";
import type { Terminal } from "./terminal.ts";
import { timelineLine } from "./timeline-line.ts";

const exampleDirectory = path.join(repositoryDirectory, "sdk-ts/examples");
const exampleTask = "hello-world";
const examplePayload = { message: "Hello world!" };
/** hello-world takes milliseconds; a cluster that does not get it done in this time does not work. */
const runLimitMs = 60_000;

/** Which cluster to use, and what to deploy. */
export interface ExampleOptions {
  readonly address: string;
  readonly apiKey: string;
  /** The user's own tasks, deployed in place of the examples. Then nothing is triggered: what they do is not for us to decide. */
  readonly taskDirectory: string | undefined;
  readonly terminal: Terminal;
}

/**
 * Deploys tasks and runs hello-world the way a user's backend would: through the SDK, over gRPC.
 * @throws when the tasks cannot be deployed, or when the run ends other than COMPLETED.
 */
export async function runExample(options: ExampleOptions): Promise<void> {
  configure({ url: options.address, apiKey: options.apiKey });
  try {
    await deployTasks(options);
    if (options.taskDirectory === undefined) await runHelloWorld(options.terminal);
  } finally {
    await close();
  }
}

async function deployTasks({ address, apiKey, taskDirectory, terminal }: ExampleOptions): Promise<void> {
  const directory = taskDirectory ?? exampleDirectory;
  const deployment = await terminal.step("still deploying", () => deploy(directory, { url: address, apiKey }));
  const names = deployment.tasks.map((task) => task.id).join(", ");
  terminal.line(`  deployed    ${path.relative(process.cwd(), directory) || "."} as ${deployment.version}: ${names}`);
}

async function runHelloWorld(terminal: Terminal): Promise<void> {
  const since = new Date();
  const handle = await tasks.trigger(exampleTask, examplePayload);
  terminal.line(`\n  ${terminal.style("bold", exampleTask)} ${handle.id}`);
  const signal = AbortSignal.timeout(runLimitMs);
  for await (const event of runs.subscribeToEvents(handle, { signal })) {
    const line = timelineLine(event, since, terminal);
    if (line !== undefined) terminal.line(line);
  }
  const run = await runs.retrieve(handle);
  if (!run.isSuccess) {
    const reason = run.error === undefined ? "" : `: ${run.error.message}`;
    throw new Error(
      run.isCompleted
        ? `${exampleTask} ended ${run.status}${reason}`
        : `${exampleTask} is ${run.status} after ${runLimitMs / 1000} s`,
    );
  }
  terminal.line(`\n  ${terminal.style("green", run.status)}  ${JSON.stringify(run.output ?? null)}`);
}
