import { runs, schedules, tasks, wait } from "@windlass/sdk";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserNote, hasBrowser, launchBrowser, signIn, type SignedIn } from "./harness/browser.ts";
import { findHindrances, keepScreenshots } from "./harness/look.ts";
import { openEnvironment, type TestEnvironment } from "./harness/open-environment.ts";

describe.skipIf(!hasBrowser)(`the dashboard's pages about tasks${browserNote}`, () => {
  let environment: TestEnvironment;
  let browser: Browser;
  let window: SignedIn;
  let page: Page;
  let url: string;

  /** The page of the run that a test led to, by its address. */
  async function runOfAddress(): Promise<ReturnType<typeof runs.retrieve>> {
    await page.waitForURL(/\/runs\/run_/u);
    return runs.retrieve(new URL(page.url()).pathname.split("/").at(-1) ?? "");
  }
  async function runToItsEnd(taskId: string, payload: unknown): Promise<void> {
    await runs.poll(await tasks.trigger(taskId, payload));
  }
  async function show(address: string, name?: string): Promise<void> {
    await page.goto(`${url}${address}`);
    if (name !== undefined) await page.getByRole("heading", { name }).first().waitFor();
  }
  async function look(name: string): Promise<void> {
    await keepScreenshots(page, name);
    expect(await findHindrances(page)).toEqual([]);
  }
  async function write(editor: string, text: string): Promise<void> {
    await page.getByRole("textbox", { name: editor, exact: true }).fill(text);
  }

  beforeAll(async () => {
    environment = await openEnvironment("task-pages");
    ({ url } = environment);
    browser = await launchBrowser();
    window = await signIn(browser, url, environment.apiKey);
    page = window.page;
  });
  afterAll(async () => {
    await browser?.close();
    await environment?.[Symbol.asyncDispose]();
  });

  test("while nothing is there, each page says what would bring something", async () => {
    for (const [address, text] of [
      ["/test", "No task to test yet"],
      ["/tasks", "No tasks yet"],
      ["/schedules", "No schedules yet"],
      ["/batches", "No batches yet"],
      ["/tokens", "No waitpoint tokens yet"],
    ] as const) {
      await show(address);
      await expect.poll(() => page.getByRole("main").textContent()).toContain(text);
    }
    await environment.deploy("shop-tasks");
  });

  test("a task is tested with edited JSON and options, and the run is shown", async () => {
    await runToItsEnd("send-invoice", { order: 7, email: "ada@example.com" });
    await runToItsEnd("send-invoice", { order: 8, email: "grace@example.com" });
    await show("/test?task=send-invoice");
    const recent = page.getByRole("region", { name: "Recent payloads" }).getByRole("button");
    await expect.poll(() => recent.count()).toBe(2);
    await expect
      .poll(() => page.getByRole("textbox", { name: "Payload", exact: true }).textContent())
      .toContain("grace@example.com");
    await recent.filter({ hasText: "ada@example.com" }).click();
    await page.getByText(/Valid JSON/u).waitFor();
    await look("test-payload");

    await write("Payload", '{ "order": 9,');
    await page.getByText(/No JSON:/u).waitFor();
    await page.getByRole("button", { name: "Run test" }).click();
    await keepScreenshots(page, "test-payload-invalid");
    expect(page.url()).toContain("/test");

    await write("Payload", '{ "order": 9, "email": "<img src=x onerror=alert(1)>" }');
    await page.getByLabel("Tags").fill("by-hand, urgent");
    await page.getByLabel("Attempts").fill("5");
    await page.getByLabel("Longest attempt").fill("1m 30s");
    await page.getByLabel("Idempotency key").fill("order-9");
    await write("Metadata", '{ "who": "somebody" }');
    await page.getByRole("textbox", { name: "Metadata", exact: true }).press("Tab"); // leaves the editor, and writes nothing into it
    await page.getByRole("button", { name: "Run test" }).click();
    const run = await runOfAddress();
    expect(run).toMatchObject({ isTest: true, tags: ["by-hand", "urgent"], payload: { order: 9 } });
    expect(run.metadata).toEqual({ who: "somebody" });

    await show("/test?task=send-invoice");
    await page.getByText(/Valid JSON/u).waitFor(); // the newest payload has come: nothing comes between what is written
    await write("Payload", '{ "order": 10 }');
    await page.getByLabel("Idempotency key").fill("order-9");
    await page.getByLabel("Idempotency key").press("Enter");
    expect((await runOfAddress()).id).toBe(run.id);
  });

  test("a payload begins as an example of its task's schema, is checked while it is written, and is run all the same when somebody wants it", async () => {
    await show("/test?task=ship-order");
    const editor = page.getByRole("textbox", { name: "Payload", exact: true });
    await expect.poll(() => editor.textContent()).toContain("ada@example.com");
    await page.getByText(/Valid JSON, \d+ bytes, as the task’s schema says/u).waitFor();
    await look("test-schema");

    await write("Payload", '{ "order": 7, "email": "nobody", "items": [{ "article": "pen", "count": 100 }] }');
    const problems = page.getByRole("list", { name: "What does not match the schema" });
    await expect
      .poll(() => problems.getByRole("listitem").allTextContents())
      .toEqual(['email does not match format "email"', "items[0].count is greater than 99"]);
    await expect.poll(() => page.locator(".cm-lintRange-warning").allTextContents()).toEqual(['"nobody"', "100"]);
    await look("test-schema-problems");
    await write("Payload", "");
    await page.getByText(/No payload, but one thing is not as the task’s schema says/u).waitFor();
    await write("Payload", '{ "order": 7, "email": "ada@example.com" }');
    await expect.poll(() => problems.getByRole("listitem").allTextContents()).toEqual(["items is missing"]);

    await page.getByRole("button", { name: "Run test" }).click();
    await page.getByRole("dialog").getByText("items is missing").waitFor();
    await look("test-schema-question");
    await page.getByRole("button", { name: "Back to the payload" }).click();
    await editor.press("Control+Enter");
    await page.getByRole("button", { name: "Run all the same" }).click();
    const { id } = await runOfAddress();
    expect(await runs.poll(id)).toMatchObject({ status: "FAILED", isTest: true, error: { code: "TASK_INPUT_ERROR" } });

    await show("/test?task=ship-order");
    await expect.poll(() => problems.getByRole("listitem").allTextContents()).toEqual(["items is missing"]);
    await page.getByRole("button", { name: "Example", exact: true }).click();
    await page.getByText(/as the task’s schema says/u).waitFor();
    await problems.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Run test" }).click();
    const run = await runs.poll((await runOfAddress()).id);
    expect(run).toMatchObject({ status: "COMPLETED", output: { order: 1, count: 1, isDate: true } });
  });

  test("a payload of superjson is tested as such", async () => {
    await runToItsEnd("count-words", new Map([["one", 3]]));
    await show("/test?task=count-words");
    await expect.poll(() => page.getByLabel("Encoding of the payload").inputValue()).toBe("application/super+json");
    await page.getByRole("textbox", { name: "Payload", exact: true }).press("Control+Enter");
    const run = await runOfAddress();
    expect(run.payload).toEqual(new Map([["one", 3]]));
  });

  test("a scheduled task is tested with a tick: timestamp, time zone, external id", async () => {
    await show("/test?task=digest");
    await page.getByLabel("Timestamp").fill("2030-01-02T03:04:05");
    await page.getByRole("combobox", { name: "Time zone" }).selectOption("Asia/Tokyo");
    await page.getByLabel("External id").fill("customer_42");
    await look("test-tick");
    const moment = await page.evaluate(() => new Date("2030-01-02T03:04:05").toISOString());
    await page.getByRole("button", { name: "Run test" }).click();
    const { id } = await runOfAddress();
    await expect
      .poll(async () => (await runs.retrieve(id)).output)
      .toEqual({ at: moment, isDate: true, to: "customer_42" });
  });

  test("tasks are listed with success and durations of their last runs, and one is shown", async () => {
    await runToItsEnd("send-invoice", { order: 1 });
    await show("/tasks", "Tasks");
    await page
      .getByRole("row")
      .filter({ hasText: "send-invoice" })
      .filter({ hasText: /\d+ % of 4/u })
      .waitFor();
    await look("tasks");
    await page.getByRole("link", { name: "send-invoice" }).click();
    await page.getByText("Of its last 4 runs").waitFor();
    await page.getByText("75 %").waitFor();
    await look("task");
    await page.getByRole("link", { name: "Test", exact: true }).last().click();
    await expect.poll(() => page.url()).toBe(`${url}/test?task=send-invoice`);
  });

  test("a task says what its payload is, what holds its queue back and where it is repeated", async () => {
    await show("/tasks?task=ship-order");
    const about = page.getByRole("region", { name: "About" });
    await about.getByText("ship-order").waitFor();
    const facts = await about.textContent();
    for (const fact of ["5 attempts", "out of memory: on large-1x", "100 / 1 min", "1,000"])
      expect(facts).toContain(fact);
    await page.getByRole("region", { name: "Payload schema" }).last().getByText("Its number").waitFor();
    await look("task-schema");
  });

  test("schedules are created, shown with their next times in both zones, changed, stopped, started, tested and deleted", async () => {
    await show("/schedules", "Schedules");
    await page.getByRole("row").filter({ hasText: "nightly-report" }).filter({ hasText: "Declared" }).waitFor();
    await page.getByRole("button", { name: "New schedule" }).click();
    await page.getByLabel("Cron").fill("0 0 30 2 *");
    await page.getByText("It never ticks").waitFor();
    expect(await page.getByRole("button", { name: "Create schedule" }).isDisabled()).toBe(true);
    await page.getByLabel("Task").selectOption("digest");
    await page.getByLabel("Cron").fill("15 8 * * 1-5");
    await page.getByRole("combobox", { name: "Time zone" }).selectOption("America/New_York");
    await page.getByLabel("External id").fill("customer_7");
    await look("schedule-new");
    await page.getByRole("button", { name: "Create schedule" }).click();
    await page.getByText("Next five times").waitFor();
    await expect.poll(() => page.getByRole("cell", { name: /08:15/u }).count()).toBeGreaterThanOrEqual(5);
    const id = new URL(page.url()).searchParams.get("schedule") ?? "";
    expect(await schedules.retrieve(id)).toMatchObject({ task: "digest", externalId: "customer_7" });
    await look("schedule");

    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Cron").fill("45 8 * * *");
    await page.getByRole("button", { name: "Save" }).click();
    await expect.poll(() => page.getByRole("cell", { name: /08:45/u }).count()).toBeGreaterThanOrEqual(5);
    await page.getByRole("button", { name: "Deactivate" }).click();
    await page.getByText("Next five times, were it active").waitFor();
    expect((await schedules.retrieve(id)).active).toBe(false);
    await page.getByRole("button", { name: "Activate" }).click();
    await page.getByRole("button", { name: "Deactivate" }).waitFor();

    await page.getByRole("link", { name: "Its runs" }).click();
    await expect.poll(() => page.url()).toBe(`${url}/runs?schedule=${id}`);
    await page.goBack();
    await page.getByRole("link", { name: "Test", exact: true }).last().click();
    await expect.poll(() => page.getByLabel("External id").inputValue()).toBe("customer_7");
    await page.goBack();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete schedule" }).click();
    await page.getByRole("heading", { name: "Schedules", exact: true }).waitFor();
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
    await look("schedules");
  });

  test("a batch is shown with how far it is and what failed, and leads to its runs", async () => {
    const batch = await tasks.batchTrigger(
      "send-invoice",
      Array.from({ length: 10 }, (_, order) => ({ payload: { order, ...(order > 1 && { email: "x@example.com" }) } })),
    );
    await show("/batches", "Batches");
    await page.getByRole("row").filter({ hasText: batch.batchId }).filter({ hasText: "With failures" }).waitFor();
    await look("batches");
    await page.getByRole("link", { name: batch.batchId }).click();
    await page.getByRole("region", { name: "Progress" }).getByText("Unsuccessful").waitFor();
    await look("batch");
    await page.getByRole("link", { name: "Unsuccessful ones" }).click();
    await expect.poll(() => page.getByRole("row").count()).toBe(3);
  });

  test("a waitpoint token is completed by hand, and who waits for it goes on", async () => {
    const token = await wait.createToken({ timeout: "1h", tags: ["approval"] });
    await wait.createToken({ timeout: "1s" });
    await show("/tokens", "Waitpoint tokens");
    await page.getByRole("row").filter({ hasText: "Timed out" }).waitFor();
    await look("tokens");
    await page.getByRole("link", { name: token.id }).click();
    await write("Data", '{ "approved": true');
    await page.getByText(/No JSON:/u).waitFor();
    expect(await page.getByRole("button", { name: "Complete token" }).isDisabled()).toBe(true);
    await write("Data", '{ "approved": true }');
    await look("token");
    await page.getByRole("button", { name: "Complete token" }).click();
    await page.getByRole("region", { name: "Data" }).getByText("approved").first().waitFor();
    expect((await wait.retrieveToken(token.id)).status).toBe("COMPLETED");
  });

  test("nothing was stopped by the Content-Security-Policy, and no script failed", () => {
    expect(window.problems).toEqual([]);
  });
});
