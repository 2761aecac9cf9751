import type { RunErrorCodeName } from "@windlass/sdk";

/** What happens to runs of a kind, and how they must end. */
export interface Kind {
  readonly name: string;
  readonly taskId: string;
  readonly payload?: object;
  /** Of a thousand runs; every kind has one run at least. */
  readonly perMille: number;
  /** Asked for right after the trigger, or once it executes. */
  readonly cancel?: "at once" | "when executing";
  readonly status: string;
  /** Of the last attempt's error; absent: it is not looked at. */
  readonly code?: RunErrorCodeName;
  /** How its attempts end; absent when that depends on when its cancel comes. */
  readonly outcomes?: readonly string[];
}

const completed = { status: "COMPLETED", outcomes: ["SUCCEEDED"] } as const;
const crashed = { status: "CRASHED", outcomes: ["CRASHED"] } as const;
const canceled = { status: "CANCELED" } as const;

/**
 * Mostly what is cheap: a crash costs the start of a process, an endless loop the five seconds that are the shortest maxDuration, a full heap a second of a processor.
 */
export const kinds: readonly Kind[] = [
  { name: "succeeds", taskId: "succeed", perMille: 802, ...completed },
  {
    name: "throws once, is repeated",
    taskId: "throw-once",
    perMille: 50,
    status: "COMPLETED",
    outcomes: ["FAILED", "SUCCEEDED"],
  },
  {
    name: "throws in every attempt",
    taskId: "throw-always",
    perMille: 40,
    status: "FAILED",
    code: "TASK_ERROR",
    outcomes: ["FAILED", "FAILED"],
  },
  {
    name: "asks not to be repeated",
    taskId: "abort",
    perMille: 20,
    status: "FAILED",
    code: "TASK_ABORTED",
    outcomes: ["FAILED"],
  },
  ...[0, 1, 42].map((code): Kind => ({
    name: `exits with ${code}, leaves a child`,
    taskId: "exit",
    payload: { code },
    perMille: 4,
    ...crashed,
    code: "PROCESS_EXITED",
  })),
  {
    name: "exits once, is repeated",
    taskId: "exit-once",
    perMille: 6,
    status: "COMPLETED",
    outcomes: ["CRASHED", "SUCCEEDED"],
  },
  ...["SIGKILL", "SIGSEGV", "SIGTERM"].map((signal): Kind => ({
    name: `is ended by ${signal}`,
    taskId: "signal",
    payload: { signal },
    perMille: 4,
    ...crashed,
    code: "PROCESS_SIGNALED",
  })),
  {
    name: "throws where nobody catches",
    taskId: "uncaught",
    perMille: 6,
    status: "FAILED",
    code: "UNCAUGHT_EXCEPTION",
    outcomes: ["FAILED"],
  },
  { name: "fills its heap", taskId: "fill-heap", perMille: 3, ...crashed, code: "OUT_OF_MEMORY" },
  { name: "takes more than its machine", taskId: "fill-memory", perMille: 3, ...crashed, code: "OUT_OF_MEMORY" },
  { name: "is canceled at once", taskId: "cancelable", perMille: 10, cancel: "at once", ...canceled },
  { name: "is canceled while it executes", taskId: "cancelable", perMille: 10, cancel: "when executing", ...canceled },
  { name: "hears of no cancel", taskId: "deaf", perMille: 3, cancel: "when executing", ...canceled },
  {
    name: "loops for ever, idly",
    taskId: "loop-idly",
    perMille: 3,
    status: "TIMED_OUT",
    code: "MAX_DURATION_EXCEEDED",
    outcomes: ["TIMED_OUT"],
  },
  {
    name: "loops for ever, hotly",
    taskId: "loop-hotly",
    perMille: 0.5,
    status: "TIMED_OUT",
    code: "MAX_DURATION_EXCEEDED",
    outcomes: ["TIMED_OUT"],
  },
  { name: "waits a second", taskId: "wait-shortly", perMille: 10, ...completed },
  { name: "waits suspended", taskId: "wait-suspended", perMille: 9.5, ...completed },
];

/** So many runs of all kinds in their proportions, in a random order; `random` gives 0 up to 1. */
export function planRuns(count: number, random: () => number): Kind[] {
  const [common, ...others] = kinds;
  if (common === undefined) return [];
  const plan = others.flatMap((kind) => {
    const share = Math.max(1, Math.round((kind.perMille * count) / 1_000));
    return Array.from({ length: share }, () => kind);
  });
  while (plan.length < count) plan.push(common);
  for (let last = plan.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [plan[last], plan[other]] = [plan[other] ?? common, plan[last] ?? common];
  }
  return plan;
}
