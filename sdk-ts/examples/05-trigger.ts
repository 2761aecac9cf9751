// How a program triggers tasks. It needs to know where the cluster is: set WINDLASS_URL and WINDLASS_API_KEY, or call
// `configure({ url, apiKey })`.
import { runs, tasks } from "@windlass/sdk";
import { helloWorld } from "./01-hello-world.ts";
import type { withHooks } from "./02-hooks.ts";

/** With the task at hand. The answer comes once the run is stored: from then on it happens, whatever crashes. */
export async function triggerHelloWorld(): Promise<void> {
  const handle = await helloWorld.trigger({ message: "Hello world!" });
  console.log("Task is running with handle", handle.id);
}

/** With only its type, so that the backend does not load the task's code; and waiting for the result. */
export async function greet(name: string): Promise<string> {
  const handle = await tasks.trigger<typeof withHooks>("with-hooks", { name }, { tags: ["example"] });
  const run = await runs.poll(handle);
  if (!run.isSuccess || run.output === undefined)
    throw new Error(`${run.id} ended as ${run.status}: ${run.error?.message}`);
  return run.output;
}

/** Following what happens. */
export async function follow(runId: string): Promise<void> {
  for await (const event of runs.subscribeToEvents(runId)) console.log(event.seq, event.type);
}
