import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { bundle } from "../build/index.ts";
import { decodeContent } from "../content/json-content.ts";
import { TestSupervisor } from "../testing/test-supervisor.ts";

/** The folder whose tasks the workers execute. */
export const taskFolder = fileURLToPath(new URL("../testing/tasks", import.meta.url));

/** Real worker processes with the bundle of `taskFolder`. */
export interface TestWorkers {
  /** The one that all tests of a file share. */
  readonly shared: TestSupervisor;
  /** One of its own, for a test that spoils it. */
  own(test: (own: TestSupervisor) => Promise<void>): Promise<void>;
}

/** Starts the shared worker before the tests of the file, and ends it after them. */
export function testWorkers(): TestWorkers {
  let bytes: Uint8Array;
  let shared: TestSupervisor;

  beforeAll(async () => {
    ({ bytes } = await bundle(taskFolder));
    shared = await TestSupervisor.start(bytes);
    await shared.hello();
  });
  afterAll(() => shared.stop());

  return {
    get shared() {
      return shared;
    },
    async own(test) {
      const own = await TestSupervisor.start(bytes);
      try {
        await own.hello();
        await test(own);
      } finally {
        await own.stop();
      }
    },
  };
}

export function json(value: unknown): { data: Uint8Array; contentType: string } {
  return { data: Buffer.from(JSON.stringify(value)), contentType: "application/json" };
}

type Finished = Awaited<ReturnType<TestSupervisor["run"]>>;

/** What the attempt returned. Throws when it failed. */
export function outputOf({ result }: Finished): unknown {
  if (result.case !== "output") throw new Error(`no output but ${result.case}`, { cause: result.value });
  return decodeContent(result.value);
}

/** Why the attempt failed. Throws when it did not. */
export function failureOf({ result }: Finished) {
  if (result.case !== "failure") throw new Error(`no failure but ${result.case}`);
  return result.value;
}

/** What a worker says from now on, kind by kind. */
export function listenTo(worker: TestSupervisor) {
  const from = worker.said.length;
  const said = () => worker.said.slice(from);
  return {
    kinds: () => said().map((body) => body.case),
    logs: () =>
      said().flatMap((body) => (body.case === "log" && body.value.record !== undefined ? [body.value.record] : [])),
    hooks: () => said().flatMap((body) => (body.case === "hookResult" ? [body.value] : [])),
    heard: <K extends Parameters<TestSupervisor["heard"]>[0]>(kind: K) => worker.heard(kind, from),
  };
}
