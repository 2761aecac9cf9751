import { randomInt } from "node:crypto";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { inject } from "vitest";
import { keepScreenshot, widths } from "./look.ts";

/** Long enough for what a page shows of a cluster on a busy machine; what never comes is told then. */
const PATIENCE_MS = 60_000;

const { whyNot } = inject("dashboardSuite");

/** Whether there is a browser to test in. */
export const hasBrowser: boolean = whyNot === undefined;
/** For the name of a suite that is skipped without one. */
export const browserNote: string = whyNot === undefined ? "" : ` (not on this machine: ${whyNot})`;

/** The open windows, for what is kept of a test that fails. */
const windows = new Set<Page>();

/** Keeps what every open window shows, as `failed-<name>.png`. */
export async function keepFailure(name: string): Promise<void> {
  for (const page of windows)
    await keepScreenshot(page, `failed-${name.replaceAll(/[^a-z0-9]+/giu, "-").slice(0, 80)}`);
}

/** Starts the browser; close it afterwards. */
export function launchBrowser(): Promise<Browser> {
  const suite = inject("dashboardSuite");
  if (suite.whyNot !== undefined) throw new Error(`there is no browser: ${suite.whyNot}`);
  // As root, as in containers, Chromium has no sandbox of its own; it shows nothing here but our own pages.
  return chromium.launch({ executablePath: suite.chromium, args: ["--no-sandbox"] });
}

/** A browser window of somebody who is signed in, and what went wrong in it. */
export interface SignedIn {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts, everything that the Content-Security-Policy stopped, dialogs, and requests to anywhere but the dashboard. */
  readonly problems: readonly string[];
}

/** A window in which nobody is signed in yet. */
export async function openWindow(browser: Browser, url: string): Promise<SignedIn> {
  // An address of its own, as behind a proxy: sign-ins are counted by address.
  const address = `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}`;
  const context = await browser.newContext({
    baseURL: url,
    viewport: widths.wide,
    extraHTTPHeaders: { "x-forwarded-for": address },
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  windows.add(page);
  page.on("close", () => windows.delete(page));
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && /Content.Security.Policy|TrustedHTML|Uncaught/iu.test(message.text()))
      problems.push(message.text());
  });
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!/^(?:data|blob):/u.test(request.url()) && new URL(request.url()).origin !== url)
      problems.push(`request: ${request.url()}`);
  });
  return { context, page, problems };
}

/** Opens a window and signs in by the form. */
export async function signIn(browser: Browser, url: string, apiKey: string): Promise<SignedIn> {
  const window = await openWindow(browser, url);
  const { page } = window;
  await page.goto(`${url}/sign-in?next=/runs`);
  await page.getByLabel("API key").fill(apiKey);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Runs", exact: true }).waitFor();
  return window;
}
