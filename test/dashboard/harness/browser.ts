import { mkdirSync } from "node:fs";
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { repositoryDirectory } from "@windlass/local";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { findChromium } from "./find-chromium.ts";

const found = await findChromium();
if (found.missing !== undefined) process.stderr.write(`tests in a browser are skipped: ${found.missing}\n`);

/** Whether there is a browser to test in. */
export const hasBrowser: boolean = found.program !== undefined;

/** Kept after the tests, for people to look at. */
const screenshotDirectory = path.join(repositoryDirectory, ".windlass", "screenshots");
const widths = { wide: { width: 1_440, height: 900 }, narrow: { width: 390, height: 844 } } as const;

/** Starts the browser; close it afterwards. */
export function launchBrowser(): Promise<Browser> {
  // As root, as in containers, Chromium has no sandbox of its own; it shows nothing here but our own pages.
  return chromium.launch({ executablePath: found.program ?? "", args: ["--no-sandbox"] });
}

/** A browser window of somebody who is signed in, and what went wrong in it. */
export interface SignedIn {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts and everything that the Content-Security-Policy stopped. */
  readonly problems: readonly string[];
}

/** Opens a window and signs in by the form. */
export async function signIn(browser: Browser, url: string, apiKey: string): Promise<SignedIn> {
  const context = await browser.newContext({ viewport: widths.wide });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && /Content.Security.Policy|TrustedHTML|Uncaught/iu.test(message.text()))
      problems.push(message.text());
  });
  await page.goto(`${url}/sign-in?next=/runs`);
  await page.getByLabel("API key").fill(apiKey);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Runs", exact: true }).waitFor();
  return { context, page, problems };
}

/** Keeps what the page looks like in both themes and both widths. */
export async function keepScreenshots(page: Page, name: string): Promise<void> {
  mkdirSync(screenshotDirectory, { recursive: true });
  for (const [width, size] of Object.entries(widths)) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: path.join(screenshotDirectory, `${name}-${width}-${colorScheme}.png`) });
    }
  }
  await page.setViewportSize(widths.wide);
  await page.emulateMedia({ colorScheme: "light" });
}

/** What axe finds to be a serious hindrance, in both themes: the rule and where it is broken. */
export async function findHindrances(page: Page): Promise<string[]> {
  const all: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    all.push(
      ...serious.map(
        ({ id, nodes }) => `${colorScheme} ${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
      ),
    );
  }
  await page.emulateMedia({ colorScheme: "light" });
  return all;
}
