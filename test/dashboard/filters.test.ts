import { runs, tasks } from "@windlass/sdk";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectToPostgres } from "../kit/index.ts";
import { browserNote, hasBrowser, launchBrowser, signIn, type SignedIn } from "./harness/browser.ts";
import { findHindrances, keepScreenshots } from "./harness/look.ts";
import { openEnvironment, type TestEnvironment } from "./harness/open-environment.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";

describe.skipIf(!hasBrowser)(`the dashboard's list of runs${browserNote}`, () => {
  let environment: TestEnvironment;
  let browser: Browser;
  let window: SignedIn;
  let page: Page;
  let url: string;

  beforeAll(async () => {
    environment = await openEnvironment("run-filters");
    ({ url } = environment);
    await environment.deploy("tasks");
    browser = await launchBrowser();
    window = await signIn(browser, url, environment.apiKey);
    ({ page } = window);
  });
  afterAll(async () => {
    await browser?.close();
    await environment?.[Symbol.asyncDispose]();
  });

  const rows = () => page.getByRole("table", { name: "Runs" }).getByRole("row").count();
  /** Of the heading and so many runs. */
  const shows = (count: number) => expect.poll(rows).toBe(count + 1);

  test("a line says how much waits, executes and failed, live; each part leads to its runs", async () => {
    const now = page.getByRole("list", { name: "Runs now" });
    await now.getByText("0 failed in the last hour").waitFor();
    for (const name of ["Ada", "Grace"]) await runs.poll(await tasks.trigger("greeter", { name }));
    await runs.poll(await tasks.trigger("unlucky", undefined));
    await now.getByText("1 failed in the last hour").waitFor();
    await now.getByRole("link", { name: /failed/u }).click();
    await shows(1);
    expect(page.url()).toContain("status=FAILED,");
    await now.getByText("0 queued").waitFor();
  });

  test("every filter is a field and in the URL, alone and together, and comes back from there", async () => {
    const first = (await environment.client().deployments.getCurrentDeployment({})).deployment?.version ?? "";
    await environment.deploy("run-tasks");
    await environment.deploy("tasks");
    const test = await tasks.trigger("greeter", { name: "Edsger" }, { isTest: true, queue: { name: "letters" } });
    await runs.poll(test);
    await page.goto(`${url}/runs`);
    await shows(4);

    await page.getByPlaceholder("Queue").fill("letters");
    await page.getByPlaceholder("Queue").press("Enter");
    await shows(1);
    expect(page.url()).toBe(`${url}/runs?queue=letters`);
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByPlaceholder("Version").fill(first);
    await page.getByPlaceholder("Version").press("Enter");
    await shows(3);

    await page.getByText("More filters").click();
    await page.getByLabel("Tests").selectOption("No tests");
    await expect.poll(() => page.url()).toBe(`${url}/runs?version=${first}&test=none`);
    await shows(3);
    await page.getByLabel("Tests").selectOption("Only tests");
    await page.getByText("No run is like that").waitFor();
    await page.getByPlaceholder("Version").fill("");
    await page.getByPlaceholder("Version").press("Enter");
    await shows(1);

    await page.getByLabel("Triggered from").fill("2020-01-31T10:00:30");
    await page.getByLabel("Triggered from").press("Enter");
    await expect.poll(() => page.url()).toContain("from=2020-01-31T");
    await shows(1);
    await page.getByLabel("Triggered before").fill("2020-02-01T10:00");
    await page.getByLabel("Triggered before").press("Enter");
    await page.getByText("No run is like that").waitFor();
    await keepScreenshots(page, "runs-filters");
    expect(await findHindrances(page)).toEqual([]);

    await page.reload();
    expect(await page.getByLabel("Triggered from").inputValue()).toBe("2020-01-31T10:00:30");
    expect(await page.getByLabel("Tests").inputValue()).toBe("only");
    await page.getByRole("button", { name: "Clear" }).click();
    await shows(4);
    await page.getByLabel("Schedule").waitFor({ state: "hidden" });
    await page.goto(`${url}/runs?schedule=sched_none&parent=run_none&batch=batch_none`);
    await page.getByText("No run is like that").waitFor();
    expect(await page.getByLabel("Schedule").inputValue()).toBe("sched_none");
  });

  test("a run says in which sandbox it ran and leads to its trace and to runs like it", async () => {
    const { run } = await environment.client().tasks.triggerTask({
      trigger: {
        requestId: "traced",
        taskId: "greeter",
        payload: { data: Buffer.from('{"name":"Barbara"}'), contentType: "application/json" },
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      },
    });
    const runId = run?.runId ?? "";
    await runs.poll(runId);
    await page.goto(`${url}/runs/${runId}`);
    const about = page.getByRole("region", { name: "About" });
    await about.getByText("process, not confined").waitFor();
    const link = about.getByRole("link", { name: traceId });
    await expect.poll(() => link.getAttribute("href")).toBe(`https://traces.example/trace/${traceId}`);
    await keepScreenshots(page, "run-trace");
    expect(await findHindrances(page)).toEqual([]);
    await about.getByRole("link", { name: "task/greeter" }).click();
    await expect.poll(() => page.url()).toBe(`${url}/runs?queue=task/greeter`);
    await shows(3);
  });

  test("a list of 100,000 runs is filtered at once; what has to be looked for says how far, and goes on from there", async () => {
    const database = await connectToPostgres(environment.databaseUrl);
    await database.query(
      {
        name: "",
        text: `INSERT INTO runs (environment_id, id, task_id, status, revision, queue, attempt_number, max_attempts, create_time, queue_time, start_time,
            finish_time, deployment_id, event_seq, tags, is_test, traceparent)
          SELECT environment_id, 'run_0' || lpad(n::text, 25, '0'), 'greeter', 'COMPLETED', 1, CASE WHEN n = 1 THEN 'rare' ELSE 'common' END, 1, 1,
            now() - interval '1 day', now(), now(), now(), deployment_id, 1, '{}', false, ''
          FROM (SELECT environment_id, deployment_id FROM runs WHERE environment_id = $1 LIMIT 1) one, generate_series(1, 100500) n`,
      },
      [environment.id],
    );
    await database.stop();
    await page.goto(`${url}/runs`);
    await expect.poll(rows).toBeGreaterThan(20);
    await page.getByRole("link", { name: "Older" }).waitFor();
    await page.getByPlaceholder("Queue").fill("rare");
    await page.getByPlaceholder("Queue").press("Enter");
    await page.getByText("100,000 runs were looked at").waitFor();
    await keepScreenshots(page, "runs-looked-at");
    expect(await findHindrances(page)).toEqual([]);
    await page.getByRole("link", { name: "Look further" }).click();
    await shows(1);
    await page.getByRole("link", { name: "Newest" }).click();
    await page.getByRole("link", { name: "Look further" }).waitFor();
  });

  test("nothing was stopped by the Content-Security-Policy, and no script failed", () => {
    expect(window.problems).toEqual([]);
  });
});
