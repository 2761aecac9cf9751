import { runs, tasks } from "@windlass/sdk";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserNote, hasBrowser, launchBrowser, signIn, type SignedIn } from "./harness/browser.ts";
import { findHindrances, keepScreenshots } from "./harness/look.ts";
import { openEnvironment, type TestEnvironment } from "./harness/open-environment.ts";

/** Long enough for a run of 50,000 lines on a busy machine. */
const longLimitMs = 120_000;

describe.skipIf(!hasBrowser)(`the page of a run${browserNote}`, () => {
  let environment: TestEnvironment;
  let browser: Browser;
  let window: SignedIn;
  let page: Page;
  let url: string;

  beforeAll(async () => {
    environment = await openEnvironment("run-page");
    ({ url } = environment);
    await environment.deploy("run-tasks");
    browser = await launchBrowser();
    window = await signIn(browser, url, environment.apiKey);
    ({ page } = window);
  });
  afterAll(async () => {
    await browser?.close();
    await environment?.[Symbol.asyncDispose]();
  });

  const open = async (runId: string): Promise<void> => {
    await page.goto(`${url}/runs/${runId}`);
  };
  const complete = (): Promise<void> => page.getByText(/events? · complete/u).waitFor();

  test("a run with retries, hooks, a wait and children is one waterfall, drawn while it runs; text of tasks is text", async () => {
    const handle = await tasks.trigger("checkout", { order: 7 }, { tags: ["order-7"], priority: 5 });
    await open(handle.id);
    await page.getByRole("button", { name: /^Attempt 1 failed Error: The price service answered 503/u }).waitFor();
    await page
      .getByRole("button", { name: /onStartAttempt failed, ignored · global/u })
      .first()
      .waitFor();
    await page
      .getByRole("button", { name: /^Waits for /u })
      .first()
      .waitFor();
    await page.getByRole("button", { name: /3 child runs/u }).waitFor();
    await complete();
    await page.getByRole("button", { name: /onSuccess failed, ignored · task/u }).waitFor();
    await page.getByText("<script>document.title = 'taken'</script>").waitFor();
    expect(await page.title()).toContain("checkout");

    await page
      .getByRole("button", { name: /^Child runs of run_/u })
      .first()
      .click();
    await page.getByRole("link", { name: "charge" }).waitFor();
    await page.getByText("Priority", { exact: true }).waitFor();
    await page.getByText("Metadata", { exact: true }).waitFor();
    await keepScreenshots(page, "run-waterfall");
    expect(await findHindrances(page)).toEqual([]);
  });

  test("a row opens to all that is known of it, has an address that leads back to it, and the arrow keys go on from there", async () => {
    await page.getByRole("button", { name: "the price service is slow" }).click();
    const details = page.getByRole("region", { name: "Text of the event" });
    await details.filter({ hasText: "the price service is slow" }).waitFor();
    const address = page.url();
    expect(address).toMatch(/#event-\d+$/u);
    await page.keyboard.press("ArrowUp");
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toContain("info");
    await page.goto(`${url}/runs`);
    await page.goto(address);
    await details.filter({ hasText: "the price service is slow" }).waitFor();
    await keepScreenshots(page, "run-event-open");
  });

  test("a replay starts from the payload, which can be edited first, and leads to the new run", async () => {
    const before = page.url();
    await page.getByRole("button", { name: "Replay" }).click();
    const editor = page.getByRole("textbox", { name: "Payload" });
    await editor.waitFor();
    await keepScreenshots(page, "run-replay-dialog");
    await editor.press("ControlOrMeta+a");
    await page.keyboard.insertText('{"order": 8');
    await expect.poll(() => page.getByRole("button", { name: "Replay run" }).isDisabled()).toBe(true);
    await editor.press("ControlOrMeta+End");
    await page.keyboard.insertText("}");
    await page.getByRole("button", { name: "Replay run" }).click();
    await expect.poll(() => page.url()).not.toBe(before);
    await page.getByRole("region", { name: "Payload" }).filter({ hasText: "8" }).first().waitFor();
    await page.getByText("Replay of").waitFor();
    await complete();
  });

  test("a cancel is told of step by step, with how long each took", async () => {
    const handle = await tasks.trigger("lingering");
    await open(handle.id);
    await page.getByText("working").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByLabel("Reason").fill("no longer needed");
    await page.getByRole("button", { name: "Cancel run" }).click();
    const steps = page.getByRole("region", { name: "Cancel" });
    await complete();
    for (const step of [/^Requested/u, /^Delivered\+/u, /^Acknowledged\+/u, /^Hooks done\+/u, /^Canceled\+/u])
      await steps.getByRole("listitem").filter({ hasText: step }).waitFor();
    await steps.getByText("no longer needed").waitFor();
    await keepScreenshots(page, "run-canceled");
    expect(await findHindrances(page)).toEqual([]);
  });

  test("what a process wrote before it died is in its row", async () => {
    const handle = await tasks.trigger("dying");
    await open(handle.id);
    await complete();
    await page.getByRole("button", { name: /Process ended by exit code 7 out of cheese/u }).click();
    const output = page.getByRole("region", { name: "Text of the event" });
    await expect.poll(() => output.textContent()).toBe("out of cheese");
    await keepScreenshots(page, "run-crashed");
  });

  test("a queued run says why it does not run", async () => {
    const first = await tasks.trigger("held");
    await expect.poll(async () => (await runs.retrieve(first)).status).toBe("EXECUTING");
    const second = await tasks.trigger("held");
    await open(second.id);
    const why = page.getByRole("note", { name: "Why it is not running" });
    await why.getByRole("link", { name: first.id }).waitFor();
    await keepScreenshots(page, "run-held");
    await runs.cancel(second);
    await page.getByRole("heading", { name: /Canceled/u }).waitFor();
    await runs.cancel(first);
  });

  test("300 children are counted by their status in one row, and listed when it is opened", async () => {
    const handle = await tasks.trigger("parent", { children: 300 });
    await open(handle.id);
    const group = page.getByRole("button", { name: /300 child runs/u });
    await group.filter({ hasText: "300 completed" }).waitFor({ timeout: longLimitMs });
    await group.click();
    // Only those in sight are drawn.
    await expect.poll(() => page.getByRole("link", { name: "leaf" }).count()).toBeGreaterThan(10);
    await keepScreenshots(page, "run-children");
  });

  test("all runs that the list shows are canceled or replayed after a question that says how many, with progress", async () => {
    await Promise.all(Array.from({ length: 6 }, () => tasks.trigger("held", undefined, { tags: ["bulk"] })));
    await page.goto(`${url}/runs?tag=bulk`);
    await page.getByRole("button", { name: "Cancel all …" }).click();
    await page.getByText("6 runs of this list have not ended.").waitFor();
    await keepScreenshots(page, "runs-bulk-cancel");
    await page.getByRole("button", { name: "Cancel 6 runs" }).click();
    await page.getByText("6 of 6 runs canceled").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await expect.poll(() => page.getByRole("row").filter({ hasText: "Canceled" }).count(), { timeout: 10_000 }).toBe(6);

    await page.goto(`${url}/runs?task=charge`);
    await page.getByRole("link", { name: "charge" }).first().waitFor();
    const before = await page.getByRole("row").filter({ hasText: "Completed" }).count();
    await page.getByRole("button", { name: "Replay all …" }).click();
    await page.getByRole("button", { name: /^Replay \d+ runs$/u }).click();
    await page.getByText(/(\d+) of \1 runs triggered again/u).waitFor();
    await keepScreenshots(page, "runs-bulk-replay");
    expect(await findHindrances(page)).toEqual([]);
    await page.getByRole("button", { name: "Close" }).click();
    await expect
      .poll(() => page.getByRole("row").filter({ hasText: "Completed" }).count(), { timeout: 20_000 })
      .toBe(before * 2);
  });

  test("50,000 events scroll without a frame over 50 ms, and a link leads to one in their middle", async () => {
    const handle = await tasks.trigger("talkative", { linesEach: 10_000 });
    await expect.poll(async () => (await runs.retrieve(handle)).status, { timeout: longLimitMs }).toBe("COMPLETED");
    await open(handle.id);
    await page.getByText(/5\d,\d{3} events · complete/u).waitFor({ timeout: longLimitMs });
    expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeGreaterThan(1_000_000);
    // Twice: what the rest of the machine does slows down one frame or another, but not the same ones.
    const longestMs = [await scrollThrough(page), await scrollThrough(page)];
    expect(Math.min(...longestMs), `longest frames: ${longestMs.join(", ")} ms`).toBeLessThanOrEqual(50);
    await page.goto(`${url}/runs`);
    await page.goto(`${url}/runs/${handle.id}#event-25000`);
    await page.locator("#event-25000[data-open=true]").waitFor({ timeout: longLimitMs });
    await expect.poll(() => page.locator("#event-25000").isVisible()).toBe(true);
    await keepScreenshots(page, "run-50000");
  });

  test("nothing was stopped by the Content-Security-Policy", () => {
    expect(window.problems).toEqual([]);
  });
});

/**
 * Scrolls in 120 steps of a screen and some jumps. The longest frame is told in processor time of the page's thread: on a machine that does other
 * things too, the clock says more about these.
 */
async function scrollThrough(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const busyMs = async (): Promise<number> => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0) * 1_000;
  };
  const heightPx = await page.evaluate(() => document.documentElement.scrollHeight);
  const frames: number[] = [];
  let before = await busyMs();
  for (let step = 0; step < 120; step += 1) {
    await page.evaluate(
      ({ jump, of }) =>
        new Promise((resolve) => {
          if (jump === 0) scrollBy(0, 700);
          else scrollTo(0, (of / 7) * jump);
          requestAnimationFrame(resolve);
        }),
      { jump: step % 20 === 19 ? (step * 7_919) % 7 : 0, of: heightPx },
    );
    const now = await busyMs();
    frames.push(now - before);
    before = now;
  }
  expect(frames.some((ms) => ms > 0)).toBe(true);
  await devtools.detach();
  return Math.max(...frames);
}
