import { runs, tasks, wait } from "@windlass/sdk";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserNote, hasBrowser, launchBrowser, openWindow, type SignedIn } from "./harness/browser.ts";
import { findUnreached, hasFocus, tabTo } from "./harness/keyboard.ts";
import { widths } from "./harness/look.ts";
import { openEnvironment, type TestEnvironment } from "./harness/open-environment.ts";

describe.skipIf(!hasBrowser)(`the dashboard without a mouse${browserNote}`, () => {
  let environment: TestEnvironment;
  let browser: Browser;
  let window: SignedIn;
  let page: Page;
  let url: string;

  beforeAll(async () => {
    environment = await openEnvironment("keyboard");
    ({ url } = environment);
    await environment.deploy("tasks");
    browser = await launchBrowser();
    window = await openWindow(browser, url);
    ({ page } = window);
  });
  afterAll(async () => {
    await browser?.close();
    await environment?.[Symbol.asyncDispose]();
  });

  const press = (...keys: readonly string[]) =>
    keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());

  test("one signs in", async () => {
    await page.goto(`${url}/sign-in?next=/runs`);
    await expect.poll(() => hasFocus(page.getByLabel("API key"))).toBe(true);
    await page.keyboard.insertText(environment.apiKey);
    await press("Enter");
    await page.getByRole("heading", { name: "Runs", exact: true }).waitFor();
  });

  test("one filters runs and opens one", async () => {
    await runs.poll(await tasks.trigger("greeter", { name: "Ada" }));
    await runs.poll(await tasks.trigger("unlucky"));
    await page.getByRole("row").filter({ hasText: "unlucky" }).waitFor();
    await tabTo(page, page.getByRole("link", { name: "Skip to the page" }));
    await press("Enter");
    await expect.poll(() => hasFocus(page.getByRole("main"))).toBe(true);

    await tabTo(page, page.getByRole("button", { name: "Any status" }));
    await press("Enter");
    await tabTo(page, page.getByRole("checkbox", { name: "Failed" }));
    await press("Space");
    await expect.poll(() => page.url()).toBe(`${url}/runs?status=FAILED`);
    await press("Escape");
    await page.getByRole("checkbox", { name: "Failed" }).waitFor({ state: "hidden" });
    await tabTo(page, page.getByPlaceholder("Task"));
    await page.keyboard.insertText("unlucky");
    await press("Enter");
    await expect.poll(() => page.url()).toBe(`${url}/runs?status=FAILED&task=unlucky`);
    await tabTo(page, page.getByRole("link", { name: "unlucky" }));
    await press("Enter");
    await page.getByText(/events · complete/u).waitFor();
  });

  test("one opens an event, walks on with the arrows, and closes it", async () => {
    const warning = page.getByRole("button", { name: /^warn about to fail/u }).first();
    await tabTo(page, warning);
    await press("Enter");
    await page.getByRole("region", { name: "Text of the event" }).waitFor();
    expect(await warning.getAttribute("aria-expanded")).toBe("true");
    await press("ArrowDown");
    expect(await hasFocus(warning)).toBe(false);
    await press("ArrowUp");
    expect(await hasFocus(warning)).toBe(true);
    await press("Enter");
    await page.getByRole("region", { name: "Text of the event" }).waitFor({ state: "detached" });
  });

  test("one cancels a run after the question, which keeps the focus and gives it back", async () => {
    const handle = await tasks.trigger("patient");
    await page.goto(`${url}/runs/${handle.id}`);
    await page.getByText(/Waits for token/u).waitFor();
    const cancel = page.getByRole("button", { name: "Cancel", exact: true });
    await tabTo(page, cancel);
    await press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    for (let stop = 0; stop < 8; stop += 1) {
      await press("Tab");
      // On its way around, the focus is the browser's own for a moment: then it is on the body.
      expect(await page.evaluate(() => document.activeElement?.matches("body, dialog *"))).toBe(true);
    }
    await press("Escape");
    await dialog.waitFor({ state: "detached" });
    await expect.poll(() => hasFocus(cancel)).toBe(true);
    await press("Enter");
    await tabTo(page, page.getByLabel("Reason"));
    await page.keyboard.insertText("by keyboard");
    await tabTo(page, page.getByRole("button", { name: "Cancel run" }));
    await press("Enter");
    await page.getByRole("heading", { name: /Canceled/u }).waitFor();
    expect((await runs.retrieve(handle)).status).toBe("CANCELED");
  });

  test("one goes to the test page, chooses a task, writes a payload and runs it", async () => {
    await tabTo(page, page.getByRole("link", { name: "Test", exact: true }));
    await press("Enter");
    const choice = page.getByRole("combobox", { name: "Task" });
    await tabTo(page, choice);
    await page.keyboard.type("unlucky");
    await expect.poll(() => page.url()).toContain("task=unlucky");
    await press("Home");
    await expect.poll(() => page.url()).toContain("task=greeter");
    const editor = page.getByRole("textbox", { name: "Payload", exact: true });
    await expect.poll(() => editor.textContent()).toContain("Ada");
    await tabTo(page, editor);
    await press("ControlOrMeta+a");
    await page.keyboard.insertText('{"name":"Grace"}');
    await press("Tab");
    await tabTo(page, page.getByRole("button", { name: "Run test" }));
    await press("Enter");
    await page.getByRole("heading", { name: /Completed/u }).waitFor();
    await page.getByRole("region", { name: "Output" }).getByText("Hello, Grace").waitFor();
  });

  test("Tab leads to everything on every page, and one sees where one is", async () => {
    const token = await wait.createToken({ timeout: "1h" });
    const batch = await tasks.batchTrigger("greeter", [{ payload: { name: "Ada" } }]);
    const { id } = await tasks.trigger("unlucky");
    await runs.poll(id);
    const hindrances: string[] = [];
    for (const address of [
      "/",
      "/runs",
      `/runs/${id}`,
      "/test?task=greeter",
      "/tasks",
      "/tasks?task=greeter",
      "/queues",
      "/schedules",
      "/schedules?schedule=new",
      "/batches",
      `/batches?batch=${batch.batchId}`,
      "/tokens",
      `/tokens?token=${token.id}`,
      "/deployments",
      "/environment",
    ]) {
      await page.goto(`${url}${address}`);
      await page.getByRole("heading").first().waitFor();
      await expect.poll(() => page.getByRole("status", { name: "Loading" }).count()).toBe(0);
      const { unreached, unmarked } = await findUnreached(page);
      hindrances.push(
        ...unreached.map((markup) => `${address} not reached: ${markup}`),
        ...unmarked.map((markup) => `${address} not marked: ${markup}`),
      );
    }
    expect(hindrances).toEqual([]);
  });

  test("on a phone the menu opens and closes, and leads on", async () => {
    await page.setViewportSize(widths.narrow);
    await page.goto(`${url}/runs`);
    await tabTo(page, page.getByRole("button", { name: "Menu" }));
    await press("Enter");
    await tabTo(page, page.getByRole("link", { name: "Queues" }));
    await press("Enter");
    await page.getByRole("heading", { name: "Queues", exact: true }).waitFor();
    expect(await page.getByRole("button", { name: "Menu" }).getAttribute("aria-expanded")).toBe("false");
    expect(window.problems).toEqual([]);
  });
});
