// What leaves a supervisor of what a worker that knows a secret says.
import { AttemptOutcome, type Lease } from "@windlass/proto";
import { afterEach, expect, it } from "vitest";
import { execute } from "./testing/follow-lease.ts";
import { workerBundle } from "./testing/make-bundle.ts";
import { makeLease } from "./testing/make-lease.ts";
import { startSupervisor, type TestSupervisor } from "./testing/start-supervisor.ts";

const SECRET = 'canary-"5d41402a"\n-canary';
const bundle = workerBundle();

let running: TestSupervisor | undefined;

async function start(secretNames: string[]): Promise<TestSupervisor> {
  running = await startSupervisor([bundle], {});
  running.store.answerVariables = () => ({
    variables: { TOKEN: SECRET, REGION: "eu-central" },
    revision: 1n,
    secretNames,
  });
  return running;
}

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

const leaseOf = (taskId: string): Lease => makeLease({ taskId, bundleHash: bundle.hash, variablesRevision: 1n });
const textOf = (value: unknown) =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? String(item) : item));

it("a log line, its attributes, errors of hooks and the attempt's own have the secret's name in place of its value", async () => {
  const finish = await execute(await start(["TOKEN"]), leaseOf("leak-and-throw"));
  expect(finish.outcome).toBe(AttemptOutcome.FAILED);
  expect(textOf(finish)).not.toContain("5d41402a");
  const shown = "[redacted TOKEN]";
  const fieldsJson = JSON.stringify({ request: { authorization: `Bearer ${shown}` } });
  const cause = { name: shown, message: shown, stack: shown, fieldsJson };
  const error = { ...cause, hint: shown, causes: [cause] };
  expect(finish.error).toMatchObject(error);
  expect(finish.hooks).toMatchObject([{ hook: "onStart", name: shown, error }]);
  const logged = finish.events.map(({ body }) => body).find((body) => body.case === "log");
  expect(logged?.value).toMatchObject({ message: `it is ${shown}`, attributesJson: JSON.stringify({ a: [shown] }) });
});

it("what the process wrote itself, piece by piece, has it too", async () => {
  const finish = await execute(await start(["TOKEN"]), leaseOf("leak-and-exit"));
  expect(finish.outcome).toBe(AttemptOutcome.CRASHED);
  expect(textOf(finish)).not.toContain("5d41402a");
  expect(JSON.parse(finish.error?.fieldsJson ?? "")).toMatchObject({ exitCode: 4, output: "[redacted TOKEN]" });
});

it("a task's output is its own: it is stored as the task returned it", async () => {
  const finish = await execute(await start(["TOKEN"]), leaseOf("leak"));
  expect(Buffer.from(finish.output?.data ?? []).toString()).toBe(JSON.stringify(SECRET));
});

it("a variable that is no secret is left as it is", async () => {
  const finish = await execute(await start([]), leaseOf("leak-and-throw"));
  expect(finish.error?.message).toBe(SECRET);
});
