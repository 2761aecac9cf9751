import { mkdirSync } from "node:fs";
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { repositoryDirectory } from "@windlass/local";
import type { Page } from "playwright-core";
import { expect } from "vitest";

/** The sizes that every page is made for. */
export const widths = { wide: { width: 1_440, height: 900 }, narrow: { width: 390, height: 844 } } as const;

/** Kept after the tests, for people to look at. */
const screenshotDirectory = path.join(repositoryDirectory, ".windlass", "screenshots");

/** Keeps what the page looks like just now. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(screenshotDirectory, { recursive: true });
  await page.screenshot({ path: path.join(screenshotDirectory, `${name}.png`) });
}

/**
 * Keeps what the page looks like in both themes and both widths.
 * @throws when the narrow page has to be scrolled sideways.
 */
export async function keepScreenshots(page: Page, name: string): Promise<void> {
  for (const [width, size] of Object.entries(widths)) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await keepScreenshot(page, `${name}-${width}-${colorScheme}`);
    }
  }
  const widthPx = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(widthPx, `${name} in a narrow window`).toBeLessThanOrEqual(widths.narrow.width);
  await page.setViewportSize(widths.wide);
  await page.emulateMedia({ colorScheme: "light" });
}

/** What axe finds to be a serious hindrance, in both themes, which differ in their colours: the rule and where it is broken. */
export async function findHindrances(page: Page): Promise<string[]> {
  const all: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const axe = new AxeBuilder({ page });
    const { violations } = await (colorScheme === "light" ? axe : axe.withRules("color-contrast")).analyze();
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
