import { once } from "node:events";
import { createServer, type Server, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play, type Story } from "./harness/play.ts";
import { decidedDelayMs, type DecisionName } from "./tasks/retrying/decide.ts";

// lifecycle.md, section 4. What holds without any option is in retrying-defaults.test.ts, retries in development in retrying-dev.test.ts.
let section: Section;

beforeAll(async () => {
  section = await openSection("retrying", tasksOf("retrying"));
});

afterAll(() => section[Symbol.asyncDispose]());

/** How long the run stood between an attempt and the next. */
function pauseAfterMs({ run }: Story, attempt: number): number {
  const began = run.attempts[attempt]?.startedAt?.getTime() ?? Number.NaN;
  const ended = run.attempts[attempt - 1]?.finishedAt?.getTime() ?? Number.NaN;
  return began - ended;
}

function timesOf(story: Story, place: string): number {
  return story.places.filter((one) => one === place).length;
}

const dataOf = (story: Story, place: string) => story.said.filter((one) => one.place === place).map(({ data }) => data);

describe("options", () => {
  test("config retries.default", async () => {
    const story = await play("uses-config");
    expect(story.run).toMatchObject({ status: "FAILED", attemptCount: 4, maxAttempts: 4 });
    expect(dataOf(story, "handleError")[0]).toMatchObject({
      retry: { maxAttempts: 4, factor: 3, minTimeoutInMs: 20, maxTimeoutInMs: 1_000, randomize: false },
    });
  });

  test("task retry over config", async () => {
    const story = await play("over-config");
    expect(story.run).toMatchObject({ status: "FAILED", attemptCount: 2 });
    expect(dataOf(story, "handleError")[0]).toMatchObject({ retry: { maxAttempts: 2, factor: 3, minTimeoutInMs: 20 } });
  });

  test("trigger option maxAttempts overrides", async () => {
    const story = await play("over-config", {}, { maxAttempts: 3 });
    expect(story.run).toMatchObject({ status: "FAILED", attemptCount: 3, maxAttempts: 3 });
  });
});

test("delay after attempt n: round(min(maxTimeoutInMs, minTimeoutInMs * factor^(n-1))); none after the last", async () => {
  const story = await play("formula");
  expect(dataOf(story, "handleError")).toEqual([
    { delay: 100, hasDate: true },
    { delay: 200, hasDate: true },
    { delay: 250, hasDate: true },
    { delay: "none", hasDate: false },
  ]);
  for (const [index, delayMs] of [100, 200, 250].entries()) {
    expect(pauseAfterMs(story, index + 1)).toBeGreaterThanOrEqual(delayMs - 20); // two clocks
  }
});

test("randomize: the delay is 1..2 times that", async () => {
  const story = await play("randomized");
  const delays = dataOf(story, "handleError")
    .map(({ delay }) => Number(delay))
    .slice(0, 4);
  for (const delayMs of delays) {
    expect(delayMs).toBeGreaterThanOrEqual(50);
    expect(delayMs).toBeLessThanOrEqual(100);
  }
  expect(new Set(delays).size).toBeGreaterThan(1);
});

describe("handleError may return", () => {
  const decide = (task: DecisionName, failures = 1) => play("deciding", { task, failures });

  test("undefined: next handler, then default", async () => {
    const story = await decide("nothing");
    expect(story.run).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
    expect(story.places).toEqual(["task handleError", "config handleError"]);
  });

  test("{ skipRetrying: true }", async () => {
    const story = await decide("skipRetrying");
    expect(story.run).toMatchObject({ status: "FAILED", attemptCount: 1, error: { message: "as asked" } });
    expect(timesOf(story, "onFailure")).toBe(1);
  });

  test.for(["retryAt", "retryDelayInMs", "retry"] as const)("%s", async (decision) => {
    const story = await decide(decision);
    expect(story.run).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
    expect(pauseAfterMs(story, 1)).toBeGreaterThanOrEqual(decidedDelayMs - 100); // decided before the attempt had ended
  });

  test("error beside a decision: replaces the reported one", async () => {
    const story = await decide("skipRetrying with error");
    expect(story.run).toMatchObject({
      status: "FAILED",
      attemptCount: 1,
      error: { name: "RangeError", message: "replaced" },
    });
    expect(story.at("onFailure")).toEqual({ error: "RangeError: replaced" });
    const retried = await decide("retryDelayInMs with error");
    expect(retried.run).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
    expect(retried.run.attempts[0]).toMatchObject({ error: { message: "replaced" } });
    expect(pauseAfterMs(retried, 1)).toBeGreaterThanOrEqual(decidedDelayMs - 100);
  });

  test("{ error } alone: replaces the error and keeps the default decision", async () => {
    const story = await decide("error");
    expect(story.run).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
    expect(story.run.attempts[0]).toMatchObject({ error: { name: "RangeError", message: "replaced" } });
    expect(story.at("decides after")).toEqual({ delay: 5 });
  });

  test("task first, then globals, the first that returns a decision wins", async () => {
    const both = await play("deciding", { task: "retryDelayInMs", config: "skipRetrying", failures: 1 });
    expect(both.run).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
    expect(both.places).toEqual(["task handleError"]);
    const second = await play("deciding", { task: "nothing", config: "skipRetrying", failures: 1 });
    expect(second.run).toMatchObject({ status: "FAILED", attemptCount: 1 });
  });

  test("maxAttempts always bounds", async () => {
    const { run } = await play("deciding", { task: "retryDelayInMs", always: true, failures: 9 }, { maxAttempts: 2 });
    expect(run).toMatchObject({ status: "FAILED", attemptCount: 2 });
  });
});

test("throw new AbortTaskRunError(msg): no handler asked, no retry, FAILED", async () => {
  const story = await play("aborting");
  expect(story.run).toMatchObject({
    status: "FAILED",
    attemptCount: 1,
    error: { code: "TASK_ABORTED", message: "it would not help" },
  });
  expect(story.places).toEqual(["onFailure", "onComplete", "cleanup"]);
});

test.for(["middleware", "cleanup"])("AbortTaskRunError thrown in %s means the same", async (where) => {
  const story = await play("aborts-elsewhere", { where });
  expect(story.run).toMatchObject({ status: "FAILED", attemptCount: 1, error: { code: "TASK_ABORTED" } });
  expect(story.places).toEqual([]);
});

test("SDK API errors: 4xx other than 408/429 not retried", async () => {
  const { run } = await play("sdk-error");
  expect(run).toMatchObject({ status: "FAILED", attemptCount: 1, error: { name: "WindlassError" } });
});

describe("the process", () => {
  test.for([
    ["exit codes", "exit", "PROCESS_EXITED"],
    ["SIGSEGV", "SIGSEGV", "PROCESS_SIGNALED"],
  ] as const)("%s: retried by the stored policy", async ([, how, code]) => {
    const story = await play("ends-its-process", { how, times: 1 });
    expect(story.run).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
    expect(story.run.attempts[0]).toMatchObject({ outcome: "CRASHED", error: { code } });
    const ended = story.events.find((event) => event.type === "process-ended");
    expect(ended).toMatchObject({ attempt: 1, ...(how === "exit" ? {} : { signal: how }) });
    expect(story.places).toEqual([]);
  });

  test.for(["exit", "SIGSEGV"])("%s, exhausted: CRASHED", async (how) => {
    const { run } = await play("ends-its-process", { how, times: 9 }, { maxAttempts: 2 });
    expect(run).toMatchObject({ status: "CRASHED", attemptCount: 2 });
  });

  test("OUT_OF_MEMORY: retried only with retry.outOfMemory.machine, on that machine", async () => {
    const story = await play("needs-more-memory");
    expect(story.run).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
    expect(story.run.attempts[0]).toMatchObject({ outcome: "CRASHED", error: { code: "OUT_OF_MEMORY" } });
    expect(story.at("attempt 1")).toMatchObject({ name: "micro" });
    expect(story.at("attempt 2")).toEqual({ name: "small-2x", cpu: 1, memory: 1 });
  });

  test("OUT_OF_MEMORY: else CRASHED", async () => {
    const { run } = await play("runs-out-of-memory");
    expect(run).toMatchObject({ status: "CRASHED", attemptCount: 1, error: { code: "OUT_OF_MEMORY" } });
  });
});

describe("retry.onThrow(fn, options) retries a block inside run", () => {
  test("fn gets { attempt, maxAttempts, signal }", async () => {
    const story = await play("retries-block", { failures: 2 });
    expect(story.run).toMatchObject({ status: "COMPLETED", attemptCount: 1, output: "done in attempt 3" });
    expect(dataOf(story, "block")).toEqual([1, 2, 3].map((attempt) => ({ attempt, maxAttempts: 3, hasSignal: true })));
  });

  test("and throws the last error when no attempt is left", async () => {
    const { run } = await play("retries-block", { failures: 9 });
    expect(run).toMatchObject({ status: "FAILED", error: { message: "block attempt 3" } });
  });
});

describe("retry.fetch(url, init) retries a request", () => {
  type Answer = (response: ServerResponse, request: IncomingMessage) => void;

  // Closed at the end: the tests run side by side, and which one has finished does not say whose server may go.
  const servers: Server[] = [];
  afterAll(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** A server that gives the answers one after another, the last again and again. */
  async function serve(...answers: Answer[]): Promise<{ url: string; times: number[] }> {
    const times: number[] = [];
    const server = createServer((request, response) => {
      times.push(Date.now());
      answers[Math.min(times.length, answers.length) - 1]!(response, request);
    }).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, times };
  }

  const status =
    (code: number, headers: () => Record<string, string> = () => ({})): Answer =>
    (response) => {
      response.writeHead(code, headers());
      response.end(String(code));
    };

  test("by status", async () => {
    const { url, times } = await serve(status(503), status(500), status(200));
    const { run } = await play("fetches", { url });
    expect(run).toMatchObject({ status: "COMPLETED", output: { status: 200, text: "200" } });
    expect(times).toHaveLength(3);
  });

  test("a status that is not named is not retried", async () => {
    const { url, times } = await serve(status(404));
    const { run } = await play("fetches", { url });
    expect(run).toMatchObject({ output: { status: 404 } });
    expect(times).toHaveLength(1);
  });

  test("honouring reset headers", async () => {
    const limited = status(429, () => ({
      "x-ratelimit-limit": "10",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": String(Date.now() + 700),
    }));
    const { url, times } = await serve(limited, status(200));
    const { run } = await play("fetches", { url });
    expect(run).toMatchObject({ status: "COMPLETED", output: { status: 200 } });
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(650);
  });

  test("after a connectionError", async () => {
    const { url, times } = await serve((response) => response.socket?.destroy(), status(200));
    const { run } = await play("fetches", { url });
    expect(run).toMatchObject({ status: "COMPLETED", output: { status: 200 } });
    expect(times).toHaveLength(2);
  });

  test("after a timeout", async () => {
    const { url, times } = await serve(() => {}, status(200));
    const { run } = await play("fetches", { url, timeoutInMs: 5_000 });
    expect(run).toMatchObject({ status: "COMPLETED", output: { status: 200 } });
    expect(times).toHaveLength(2);
  });
});
