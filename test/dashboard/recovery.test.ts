import { configure, runs, tasks, wait } from "@windlass/sdk";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type TestCluster } from "../kit/index.ts";
import { browserNote, hasBrowser, launchBrowser, signIn, type SignedIn } from "./harness/browser.ts";
import { findHindrances, keepScreenshots } from "./harness/look.ts";

/** Every page, and what it shows of a cluster in which `patient` waits. */
const pages = [
  ["/", "Overview"],
  ["/runs", "Runs"],
  ["/test", "Test"],
  ["/tasks", "Tasks"],
  ["/queues", "Queues"],
  ["/schedules", "Schedules"],
  ["/batches", "Batches"],
  ["/tokens", "Waitpoint tokens"],
  ["/deployments", "Deployments"],
  ["/environment", "Environment"],
] as const;

// A cluster of its own: the others would be away too.
describe.skipIf(!hasBrowser)(`the dashboard while parts of the cluster are away${browserNote}`, () => {
  let cluster: TestCluster;
  let browser: Browser;
  let window: SignedIn;
  let page: Page;
  let url: string;

  beforeAll(async () => {
    cluster = await startCluster({ instances: { dashboard: 1 }, supervisorTtlMs: 180_000, heartbeatIntervalMs: 2_000 });
    url = cluster.dashboardUrl ?? "";
    configure({ url: cluster.url, apiKey: cluster.apiKey });
    await cluster.deploy(path.join(import.meta.dirname, "tasks"));
    browser = await launchBrowser();
    window = await signIn(browser, url, cluster.apiKey);
    ({ page } = window);
  });
  afterAll(async () => {
    await browser?.close();
    await cluster?.end();
  });

  const isLost = (): Promise<void> => page.getByText("Connection lost.").waitFor();
  /** It is said for some seconds only. */
  const isBack = (): Promise<void> => page.getByText("Connected again.").waitFor();

  test("a run that is followed stays in sight, and goes on where it was, without a reload", async () => {
    const handle = await tasks.trigger("patient");
    await page.goto(`${url}/runs/${handle.id}`);
    const logged = page.getByRole("button", { name: /^info token token_/u });
    await logged.waitFor();
    await page.getByText(/Waits for token/u).waitFor();
    await page.evaluate(() => (document.body.dataset["sameDocument"] = "yes"));
    for (const [member, leave] of [
      ["dashboard", "stop"],
      ["run-store", "stop"],
      ["dashboard", "kill"],
      ["run-store", "kill"],
    ] as const) {
      await cluster[leave](member);
      await isLost();
      if (leave === "stop") await keepScreenshots(page, `lost-${member}`);
      expect(await logged.isVisible()).toBe(true);
      const back = isBack();
      await cluster.start(member);
      await back;
    }
    const tokenId = /token_\w+/u.exec((await logged.textContent()) ?? "")?.[0] ?? "";
    await wait.completeToken({ id: tokenId }, {});
    await page.getByRole("heading", { name: /Completed/u }).waitFor();
    expect((await runs.retrieve(handle)).status).toBe("COMPLETED");
    expect(await page.evaluate(() => document.body.dataset["sameDocument"])).toBe("yes");
  });

  test("every page that is opened while the run-store is away says so, and fills when it is back", async () => {
    for (const [address, heading] of pages) {
      await page.goto(`${url}${address}`);
      await page.getByRole("heading", { name: heading, exact: true }).waitFor();
    }
    await cluster.stop("run-store");
    await page.goto(`${url}/runs`);
    await isLost();
    await page.getByText("Waiting for the cluster").first().waitFor();
    await keepScreenshots(page, "runs-disconnected");
    expect(await findHindrances(page)).toEqual([]);
    for (const [address, heading] of pages) {
      await page.goto(`${url}${address}`);
      await page.getByRole("heading", { name: heading, exact: true }).waitFor();
      await isLost();
    }
    await page.goto(`${url}/runs`);
    await isLost();
    const back = isBack();
    await cluster.start("run-store");
    await back;
    await page.getByRole("row").filter({ hasText: "patient" }).waitFor();
    expect(await page.getByText("Waiting for the cluster").count()).toBe(0);
  });

  test("a sign-in while the run-store is away says so in words, and works when it is back", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("API key").waitFor();
    await cluster.stop("run-store");
    await page.getByLabel("API key").fill(cluster.apiKey);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").filter({ hasText: "cannot be reached" }).waitFor();
    await cluster.start("run-store");
    const heading = page.getByRole("heading", { name: "Overview", exact: true });
    const button = page.getByRole("button", { name: "Sign in", exact: true });
    const tryAgain = async (): Promise<boolean> => {
      if (await button.isVisible()) await button.click();
      return await heading.isVisible();
    };
    await expect.poll(tryAgain).toBe(true);
  });

  test("the overview shows who executes runs, how much they can take, and that one drains or is gone", async () => {
    await cluster.deploy(path.join(import.meta.dirname, "run-tasks"));
    const handle = await tasks.trigger("lingering");
    await page.goto(`${url}/`);
    const table = page.getByRole("table", { name: "Supervisors" });
    const row = table.getByRole("row").nth(1);
    await row.filter({ hasText: "Takes runs" }).filter({ hasText: "1 / 2" }).filter({ hasText: "process" }).waitFor();
    await row.filter({ hasText: "micro to large-2x" }).filter({ hasText: "0.1.0" }).waitFor();
    await page.getByText("1 of 2 workers busy on 1 supervisor").waitFor();
    await keepScreenshots(page, "overview-supervisors");
    expect(await findHindrances(page)).toEqual([]);
    const stopped = cluster.stop("supervisor");
    await row.filter({ hasText: "Draining" }).waitFor();
    await runs.cancel(handle);
    await stopped;
    await page.getByText("There is none: nothing executes until one starts.").waitFor();
  });

  test("no script failed", () => {
    expect(window.problems).toEqual([]);
  });
});
