import { runs, tasks } from "@windlass/sdk";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserNote, hasBrowser, launchBrowser, openWindow, signIn, type SignedIn } from "./harness/browser.ts";
import { findHindrances, keepScreenshots } from "./harness/look.ts";
import { openEnvironment, type TestEnvironment } from "./harness/open-environment.ts";

describe.skipIf(!hasBrowser)(`the dashboard${browserNote}`, () => {
  let environment: TestEnvironment;
  let browser: Browser;
  let window: SignedIn;
  let url: string;

  beforeAll(async () => {
    environment = await openEnvironment("runs-page");
    ({ url } = environment);
    await environment.deploy("tasks");
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await environment?.[Symbol.asyncDispose]();
  });

  test("a wrong key is refused in words, and a page that needs a session leads to the sign-in and back", async () => {
    const { context, page } = await openWindow(browser, url);
    await page.goto(`${url}/runs?task=greeter`);
    await page.getByLabel("API key").fill("wl_dev_00000000000000000000000000000000");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect.poll(() => page.getByRole("alert").textContent()).toContain("not an API key");
    await keepScreenshots(page, "sign-in");
    expect(await findHindrances(page)).toEqual([]);
    await page.getByLabel("API key").fill(environment.apiKey);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Runs", exact: true }).waitFor();
    expect(page.url()).toBe(`${url}/runs?task=greeter`);
    await context.close();
  });

  test("the list shows runs as they come and change, and its filters are in the URL", async () => {
    window = await signIn(browser, url, environment.apiKey);
    const { page } = window;
    await page.getByText("No runs yet").waitFor();
    await keepScreenshots(page, "runs-empty");
    for (const name of ["Ada", "Grace", "Edsger"])
      await tasks.trigger("greeter", { name }, { tags: [`to-${name}`, "mail"] });
    await tasks.trigger("unlucky", undefined);
    await expect.poll(() => page.getByRole("row").filter({ hasText: "Completed" }).count()).toBe(3);
    await page.getByRole("row").filter({ hasText: "Failed" }).waitFor();
    await keepScreenshots(page, "runs");
    expect(await findHindrances(page)).toEqual([]);

    await page.getByPlaceholder("Tag").fill("to-Ada");
    await page.getByPlaceholder("Tag").press("Enter");
    await expect.poll(() => page.url()).toBe(`${url}/runs?tag=to-Ada`);
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByRole("button", { name: "Any status" }).click();
    await page.getByRole("checkbox", { name: "Failed" }).check();
    await expect.poll(() => page.url()).toBe(`${url}/runs?status=FAILED`);
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
  });

  test("a run that failed shows its error with its cause, and every attempt", async () => {
    const { page } = window;
    await page.goto(`${url}/runs?status=FAILED`);
    await page.getByRole("link", { name: "unlucky" }).click();
    await page.getByRole("region", { name: "Error with its stack" }).filter({ hasText: "Caused by" }).waitFor();
    await page.getByText("Attempt 2 failed").waitFor();
    await page.getByText(/events · complete/u).waitFor();
    await keepScreenshots(page, "run-failed");
    expect(await findHindrances(page)).toEqual([]);
  });

  test("a run is followed live, and canceled with a reason", async () => {
    const { page } = window;
    const handle = await tasks.trigger("patient", undefined, { tags: ["slow"] });
    await page.goto(`${url}/runs/${handle.id}`);
    await page.getByText("still here").waitFor();
    await page.getByText(/Waits for token/u).waitFor();
    await keepScreenshots(page, "run-waiting");
    expect(await findHindrances(page)).toEqual([]);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByLabel("Reason").fill("no longer needed");
    await keepScreenshots(page, "run-cancel-dialog");
    await page.getByRole("button", { name: "Cancel run" }).click();
    await page.getByText("no longer needed").first().waitFor();
    await expect.poll(async () => (await runs.retrieve(handle)).status).toBe("CANCELED");
    await page.getByRole("heading", { name: /Canceled/u }).waitFor();
  });

  test("signing out ends the session, and nothing was stopped by the Content-Security-Policy", async () => {
    const { page, context, problems } = window;
    const cookies = await context.cookies();
    expect(cookies).toMatchObject([
      { name: expect.stringMatching(/^windlass-session-[0-9a-f]{8}$/u) as string, httpOnly: true, sameSite: "Lax" },
    ]);
    expect(cookies[0]?.value).not.toContain(environment.apiKey);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("API key").waitFor();
    await page.goto(`${url}/runs`);
    await page.getByLabel("API key").waitFor();
    expect(problems).toEqual([]);
  });
});
