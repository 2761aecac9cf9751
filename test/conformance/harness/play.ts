import { type RunEvent, type RunSnapshot, runs, tasks, type TriggerOptions } from "@windlass/sdk";

/** What one of the suite's tasks told about a call: see tasks/said.ts. */
export interface Said {
  readonly place: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** All that the public API tells of a run that is over. */
export interface Story {
  readonly id: string;
  readonly run: RunSnapshot;
  readonly events: readonly RunEvent[];
  /** What the code of the run said, in order. */
  readonly said: readonly Said[];
  /** The places of `said`. */
  readonly places: readonly string[];
  /** The statuses it went through. */
  readonly statuses: readonly string[];
  /** Its hook results, each as "attempt scope name hook outcome" without what is empty: "1 global config onStart ok". */
  readonly hooks: readonly string[];
  /** The data of the only place of that name. @throws when it was not said once. */
  readonly at: (place: string) => Readonly<Record<string, unknown>>;
}

/** The lines that the run's code logged, without their attributes. */
export function linesOf({ events }: Story): string[] {
  return events.flatMap((event) => (event.type === "log" ? [event.message] : []));
}

/** The story of a run that has completed. @throws for any other, with what it ended with. */
export function completed(story: Story): Story {
  if (story.run.status === "COMPLETED") return story;
  throw new Error(`${story.id} ended ${story.run.status}: ${JSON.stringify(story.run.error)}`);
}

type HookEvent = Extract<RunEvent, { type: "hook" }>;

/** Triggers a task and tells what came of it, however it ends. */
export async function play(taskId: string, payload: unknown = {}, options: TriggerOptions = {}): Promise<Story> {
  const handle = await tasks.trigger(taskId, payload, options);
  return await storyOf(handle.id);
}

/** Waits until a run is over, and tells its story. */
export async function storyOf(runId: string): Promise<Story> {
  const events = await Array.fromAsync(runs.subscribeToEvents(runId));
  const run = await runs.retrieve(runId);
  const said = events.flatMap(saidIn);
  return {
    id: runId,
    run,
    events,
    said,
    places: said.map(({ place }) => place),
    statuses: events.flatMap((event) => (event.type === "status" ? [event.status] : [])),
    hooks: events.flatMap((event) => (event.type === "hook" ? [describeHook(event)] : [])),
    at(place) {
      const found = said.filter((one) => one.place === place);
      if (found.length !== 1)
        throw new Error(
          `"${place}" was said ${found.length} times; said was ${said.map((one) => one.place).join(", ")}`,
        );
      return found[0]!.data;
    },
  };
}

/** Waits until the code of a run says this; fails when the run is over before. */
export async function untilSaid(runId: string, place: string): Promise<Said> {
  return await untilEvent(runId, `says "${place}"`, (event) => saidIn(event).find((one) => one.place === place));
}

/** Waits until a run is in a status; fails when it is over before. */
export async function untilStatus(runId: string, status: string): Promise<void> {
  await untilEvent(runId, `is ${status}`, (event) => event.type === "status" && event.status === status);
}

async function untilEvent<T>(runId: string, what: string, find: (event: RunEvent) => T): Promise<NonNullable<T>> {
  const seen: string[] = [];
  for await (const event of runs.subscribeToEvents(runId)) {
    const found = find(event);
    if (found) return found;
    seen.push(JSON.stringify(event));
  }
  throw new Error(`the run ended before it ${what}:\n${seen.join("\n")}`);
}

function saidIn(event: RunEvent): Said[] {
  if (event.type !== "log" || !event.message.startsWith("> ")) return [];
  return [{ place: event.message.slice(2), data: (event.attributes ?? {}) as Said["data"] }];
}

function describeHook({ attempt, scope, name, hook, outcome }: HookEvent): string {
  return [attempt, scope, name, hook, outcome].filter((part) => part !== "").join(" ");
}
