import { runs, schedules, tasks, wait } from "@windlass/sdk";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserNote, hasBrowser, launchBrowser, openWindow, signIn, type SignedIn } from "./harness/browser.ts";
import { flag, hostileLongTexts, hostileTexts } from "./harness/hostile-texts.ts";
import { findHindrances, keepScreenshots } from "./harness/look.ts";
import { openEnvironment, type TestEnvironment } from "./harness/open-environment.ts";

const repeats = "<img src=x onerror=globalThis.taken=1>";
const fails = 'fails"><script>globalThis.taken=1</script>';
const ticks = "ticks </script><script>globalThis.taken=1</script>";

describe.skipIf(!hasBrowser)(`texts that would be scripts${browserNote}`, () => {
  let environment: TestEnvironment;
  let browser: Browser;
  let window: SignedIn;
  let page: Page;
  let url: string;

  beforeAll(async () => {
    environment = await openEnvironment("hostile-texts");
    ({ url } = environment);
    await environment.deploy("hostile-tasks");
    browser = await launchBrowser();
    window = await signIn(browser, url, environment.apiKey);
    ({ page } = window);
  });
  afterAll(async () => {
    await browser?.close();
    await environment?.[Symbol.asyncDispose]();
  });

  /** All that a page says, screen by screen, as one text. */
  async function readAll(): Promise<string> {
    return await page.evaluate(async () => {
      const read = new Set<string>();
      for (let top = 0; ; top += 400) {
        scrollTo(0, top);
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        for (const element of document.querySelectorAll("main pre, main [data-row-head], main span, main a"))
          read.add(element.textContent);
        if (top + innerHeight >= document.documentElement.scrollHeight) break;
      }
      scrollTo(0, 0);
      return [...read].join("\n");
    });
  }
  /** Nothing ran, nothing was asked for elsewhere, and no element that is not ours is in the page. */
  async function expectHarmless(): Promise<void> {
    const found = await page.evaluate(
      ({ name, traces }) => {
        const foreign = "script:not([src^='/']), iframe, object, embed, base, form[action], math, template, main video";
        return {
          hasRun: name in globalThis,
          foreign: [...document.querySelectorAll(foreign)].map(({ outerHTML }) => outerHTML),
          links: [...document.links]
            .map(({ href }) => href)
            .filter((href) => !href.startsWith(location.origin) && !href.startsWith(traces)),
        };
      },
      { name: flag, traces: "https://traces.example/trace/" },
    );
    expect(found).toEqual({ hasRun: false, foreign: [], links: [] });
    expect(window.problems).toEqual([]);
  }
  async function open(address: string): Promise<void> {
    await page.goto(`${url}${address}`);
    await page.getByRole("heading").first().waitFor();
    await expect.poll(() => page.getByRole("status", { name: "Loading" }).count()).toBe(0);
  }

  test("payload, output, logs, tags and metadata of a run are shown as they are", async () => {
    const handle = await tasks.trigger(repeats, { texts: hostileLongTexts }, { tags: hostileTexts.slice(0, 9) });
    await runs.poll(handle);
    await page.goto(`${url}/runs/${handle.id}`);
    await page.getByText(/events · complete/u).waitFor();
    await page.getByRole("region", { name: "Output" }).getByText("__proto__").first().waitFor();
    const shown = await readAll();
    // A row has the first line of a log; what is long is cut there, and whole in the payload.
    const missing = hostileTexts.filter((text) => !shown.includes(text) || !shown.includes(JSON.stringify(text)));
    expect(missing).toEqual([]);
    await expectHarmless();
    await keepScreenshots(page, "hostile-run");
    expect(await findHindrances(page)).toEqual([]);

    const logs = page.getByRole("button", { name: /^info/u });
    for (let index = 0; index < (await logs.count()); index += 5) await logs.nth(index).click();
    await expectHarmless();
    await keepScreenshots(page, "hostile-run-open");
    await page.getByRole("button", { name: "Replay" }).click();
    await page.getByRole("textbox", { name: "Payload" }).filter({ hasText: "script" }).waitFor();
    await expectHarmless();
  });

  test("names, messages, stacks and causes of errors are shown as they are", async () => {
    // What is long is cut in the middle of a stack: half of them in one run, half in another.
    for (const texts of [hostileTexts.slice(0, 24), hostileTexts.slice(24)]) {
      const handle = await tasks.trigger(fails, { texts });
      await runs.poll(handle);
      await page.goto(`${url}/runs/${handle.id}`);
      await page.getByText(/events · complete/u).waitFor();
      const error = page.getByRole("region", { name: "Error with its stack" });
      await error.filter({ hasText: "Caused by" }).waitFor();
      const said = (await error.textContent()) ?? "";
      expect(texts.filter((text) => !said.includes(text))).toEqual([]);
      await expectHarmless();
    }
    await keepScreenshots(page, "hostile-error");
    expect(await findHindrances(page)).toEqual([]);
    await open(`/runs?status=FAILED`);
    await expectHarmless();
  });

  test("every page that names them shows them as text", async () => {
    const [first = "", second = ""] = [hostileTexts[5], hostileTexts[3]];
    await Promise.all(hostileTexts.map((text) => tasks.trigger(repeats, { texts: [text] }, { tags: [text, "one"] })));
    await tasks.batchTrigger(repeats, [{ payload: { texts: [first] }, options: { tags: [second] } }]);
    const token = await wait.createToken({ timeout: "1h", tags: [first, second] });
    await wait.completeToken(token, { [first]: second });
    const schedule = await schedules.create({
      task: ticks,
      cron: "0 0 1 1 *",
      externalId: first,
      deduplicationKey: second,
    });
    const client = environment.client().environments;
    await client.createApiKey({ name: first });
    await client.setVariables({ variables: { HOSTILE: first } });
    const queued = await tasks.trigger(
      repeats,
      { texts: [] },
      { delay: "1h", concurrencyKey: first, queue: { name: "other" } },
    );
    await runs.cancel(queued, { reason: hostileTexts.slice(0, 8).join("\n") });

    const task = encodeURIComponent(repeats);
    const addresses = [
      "/",
      "/runs?tag=one",
      `/runs?task=${task}&tag=${encodeURIComponent(second)}`,
      `/runs/${queued.id}`,
      `/test?task=${task}`,
      `/test?task=${encodeURIComponent(ticks)}&schedule=${schedule.id}`,
      "/tasks",
      `/tasks?task=${task}`,
      "/queues",
      "/schedules",
      `/schedules?schedule=${schedule.id}`,
      "/batches",
      "/tokens",
      `/tokens?token=${token.id}`,
      "/deployments",
      "/environment",
    ];
    for (const [index, address] of addresses.entries()) {
      await open(address);
      await readAll();
      await expectHarmless();
      await keepScreenshots(page, `hostile-page-${index + 1}`);
    }
    await open("/runs?tag=one");
    await expect.poll(async () => (await readAll()).includes(first)).toBe(true);
    await open("/environment");
    await page.getByText(first).first().waitFor();
    await open(`/tasks?task=${task}`);
    await page.getByText("<script>globalThis.taken=1</script><b>bold</b>").first().waitFor();
  });

  test("no address makes a page do anything: what stands in it is looked for, and not found", async () => {
    for (const text of hostileTexts.slice(0, 30)) {
      const encoded = encodeURIComponent(text);
      for (const address of [`/runs/${encoded}`, `/runs?tag=${encoded}&page=${encoded}`]) {
        await page.goto(`${url}${address}`, { waitUntil: "commit" });
        await page.getByRole("main").getByRole("heading").or(page.getByRole("alert")).first().waitFor();
      }
      await expectHarmless();
    }
    for (const address of [
      "/tasks?task=",
      "/batches?batch=",
      "/tokens?token=",
      "/deployments?version=",
      "/schedules?schedule=",
      "/test?task=",
      "/?period=",
      "/nowhere/",
    ]) {
      await open(`${address}${encodeURIComponent("<img src=x onerror=globalThis.taken=1>")}`);
      await expectHarmless();
    }
    await page.goto(`${url}/runs#event-<img src=x onerror=globalThis.taken=1>`);
    await expectHarmless();
    expect(window.problems).toEqual([]);
  });

  test("a sign-in leads nowhere but to a page of the dashboard", async () => {
    for (const next of [
      "javascript:globalThis.taken=1",
      "//elsewhere.example",
      "/\\elsewhere.example",
      "https://elsewhere.example",
    ]) {
      const visitor = await openWindow(browser, url);
      await visitor.page.goto(`${url}/sign-in?next=${encodeURIComponent(next)}`);
      await visitor.page.getByLabel("API key").fill(environment.apiKey);
      await visitor.page.getByRole("button", { name: "Sign in" }).click();
      await visitor.page.getByRole("heading", { name: "Overview", exact: true }).waitFor();
      expect(new URL(visitor.page.url()).origin).toBe(url);
      expect(visitor.problems).toEqual([]);
      await visitor.context.close();
    }
  });
});
