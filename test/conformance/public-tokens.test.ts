import { auth, configure, runs, WindlassError } from "@windlass/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { echo } from "./tasks/triggering/echo.ts";

// lifecycle.md, section 8: Handle: { id, taskIdentifier, publicAccessToken }.
let section: Section;

beforeAll(async () => {
  section = await openSection("public-tokens", tasksOf("triggering"));
});

afterEach(() => configure({ url: section.url, apiKey: section.apiKey }));

afterAll(() => section[Symbol.asyncDispose]());

function become(token: string | undefined): void {
  expect(token).toMatch(/^wlp_/u);
  configure({ url: section.url, apiKey: token! });
}

async function reasonOf(failing: Promise<unknown>): Promise<string> {
  const error = await failing.catch((error: unknown) => error);
  if (error instanceof WindlassError) return error.reason;
  throw new Error("this was allowed", { cause: error });
}

// One after the other: what is configured holds for the whole process.
describe("whoever has a public access token", { concurrent: false }, () => {
  test("of a handle: reads, awaits and follows its run", async () => {
    const handle = await echo.trigger({ a: 1 });
    become(handle.publicAccessToken);
    expect((await runs.poll(handle)).output).toEqual({ a: 1 });
    expect(await runs.retrieve(handle)).toMatchObject({ id: handle.id, status: "COMPLETED", output: { a: 1 } });
    const snapshots = await Array.fromAsync(runs.subscribeToRun(handle));
    expect(snapshots.at(-1)?.status).toBe("COMPLETED");
    expect((await Array.fromAsync(runs.subscribeToEvents(handle))).length).toBeGreaterThan(0);
  });

  test("of a handle: finds no other run, and can do nothing else", async () => {
    const [handle, other] = [await echo.trigger(1), await echo.trigger(2)];
    become(handle.publicAccessToken);
    expect(await reasonOf(runs.retrieve(other))).toBe("RUN_NOT_FOUND");
    expect(await reasonOf(runs.poll(other))).toBe("RUN_NOT_FOUND");
    expect(await reasonOf(Array.fromAsync(runs.subscribeToRun(other)))).toBe("RUN_NOT_FOUND");
    expect(await reasonOf(runs.cancel(handle))).toBe("NOT_PERMITTED");
    expect(await reasonOf(runs.list())).toBe("NOT_PERMITTED");
    expect(await reasonOf(echo.trigger(3))).toBe("NOT_PERMITTED");
  });

  test("of auth.createPublicToken, for several runs: reads those, until it expires", async () => {
    const { runs: handles } = await echo.batchTrigger([{ payload: 1 }, { payload: 2 }]);
    const ids = handles.map(({ id }) => id);
    become(await auth.createPublicToken({ scopes: { read: { runs: ids } }, expirationTime: "1h" }));
    const read = await Promise.all(ids.map((id) => runs.poll(id)));
    expect(read.map(({ output }) => output)).toEqual([1, 2]);

    configure({ url: section.url, apiKey: section.apiKey });
    const soon = Math.floor(Date.now() / 1_000) + 4;
    become(await auth.createPublicToken({ scopes: { read: { runs: ids } }, expirationTime: soon }));
    await expect
      .poll(() => reasonOf(runs.retrieve(ids[0]!)).catch(() => "allowed"), { timeout: 30_000 })
      .toBe("API_KEY_INVALID");
  });
});
