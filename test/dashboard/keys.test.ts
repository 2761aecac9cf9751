import path from "node:path";
import type { Browser, Page, Request } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filesWith } from "../kit/where-written.ts";
import { startCluster, type TestCluster } from "../kit/index.ts";
import { browserNote, hasBrowser, launchBrowser, signIn } from "./harness/browser.ts";

/** Everything that a browser has seen and kept of one visit, in words. */
interface Traces {
  /** Of each request: its address, and from where it says it came. */
  readonly addresses: readonly string[];
  /** What scripts wrote to the console. */
  readonly said: readonly string[];
}

function watch(page: Page): Traces {
  const [addresses, said]: [string[], string[]] = [[], []];
  page.on("request", (request: Request) =>
    addresses.push(`${request.method()} ${request.url()} ${request.headers()["referer"] ?? ""}`),
  );
  page.on("console", (message) => said.push(message.text()));
  return { addresses, said };
}

describe.skipIf(!hasBrowser)(`an API key${browserNote}`, () => {
  let cluster: TestCluster;
  let browser: Browser;

  beforeAll(async () => {
    cluster = await startCluster({ instances: { dashboard: 1 }, env: { WINDLASS_LOG_LEVEL: "debug" } });
    await cluster.deploy(path.join(import.meta.dirname, "tasks"));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await cluster?.end();
  });

  test("is written nowhere: by signing in, triggering, rotating it and signing in with the new one", async () => {
    const { secret: key } = await cluster.client().environments.createApiKey({ name: "canary" });
    const url = cluster.dashboardUrl ?? "";
    const { page, context } = await signIn(browser, url, key);
    const traces = watch(page);

    await page.goto(`${url}/test?task=greeter`);
    await page.getByRole("textbox", { name: "Payload" }).fill('{"name":"Ada"}');
    await page.getByRole("button", { name: "Run test" }).click();
    await page.getByRole("heading", { name: /Completed/u }).waitFor();

    await page.goto(`${url}/environment`);
    await page.getByRole("button", { name: /^Rotate canary/u }).click();
    await page.getByRole("button", { name: "Create the new key" }).click();
    const shown = page.getByRole("dialog", { name: "Copy the new key now" });
    const newKey = (await shown.locator("code").textContent()) ?? "";
    expect(newKey).toMatch(/^wl_dev_[0-9A-Za-z]{32}$/u);
    await page.getByRole("button", { name: "I have copied it" }).click();
    await shown.waitFor({ state: "detached" });
    expect(await page.content()).not.toContain(newKey);

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("textbox", { name: "API key" }).fill(newKey);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Overview", exact: true }).waitFor();

    const keys = [key, newKey];
    const isTold = (text: string): boolean => keys.some((told) => text.includes(told));
    const kept = JSON.stringify(await context.storageState({ indexedDB: true }));
    const onPage = await page.evaluate(() => [
      document.cookie,
      JSON.stringify(performance.getEntries()),
      location.href,
    ]);
    expect([...traces.addresses, ...traces.said, kept, ...onPage].filter(isTold)).toEqual([]);
    expect(traces.addresses.length).toBeGreaterThan(10);
    // Logs of every process at their most talkative, the database with its journal, and the stream of announcements.
    expect(await filesWith(cluster.home, ...keys)).toEqual([]);
    expect(await filesWith(path.join(cluster.home, "logs"), "listening for browsers")).toEqual(["dashboard.log"]);
    await context.close();
  });
});
