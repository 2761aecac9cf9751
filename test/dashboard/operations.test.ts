import { queues, runs, tasks } from "@windlass/sdk";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserNote, hasBrowser, launchBrowser, signIn, type SignedIn } from "./harness/browser.ts";
import { findHindrances, keepScreenshots } from "./harness/look.ts";
import { openEnvironment, type TestEnvironment } from "./harness/open-environment.ts";

describe.skipIf(!hasBrowser)(`the dashboard's queues, deployments, environment and overview${browserNote}`, () => {
  let environment: TestEnvironment;
  let browser: Browser;
  let window: SignedIn;
  let url: string;

  beforeAll(async () => {
    environment = await openEnvironment("operation-pages");
    ({ url } = environment);
    await environment.deploy("operations-tasks/before");
    await environment.deploy("operations-tasks/after");
    browser = await launchBrowser();
    window = await signIn(browser, url, environment.apiKey);
  });
  afterAll(async () => {
    await browser?.close();
    await environment?.[Symbol.asyncDispose]();
  });

  test("an overview without runs says so, and what is wrong in the URL is passed over", async () => {
    const { page } = window;
    await page.goto(`${url}/?period=none`);
    await page.getByText("No run was triggered in this period").waitFor();
    expect(await page.getByRole("link", { name: "1 h", exact: true }).getAttribute("aria-current")).toBe("true");
    await keepScreenshots(page, "overview-empty");
  });

  test("queues show live what waits and executes; pause, override, reset and resume hold in the cluster", async () => {
    const { page } = window;
    const handles = await Promise.all([1, 2, 3].map(() => tasks.trigger("send-newsletter", {})));
    await page.goto(`${url}/queues`);
    const row = page.getByRole("row").filter({ hasText: "mail" });
    await row.filter({ hasText: "1 / 1" }).filter({ hasText: "ago" }).waitFor();
    await expect.poll(() => row.getByRole("cell").nth(2).textContent()).toBe("2");

    await row.getByRole("link", { name: "2", exact: true }).click();
    await expect.poll(() => page.getByRole("link", { name: "send-newsletter" }).count()).toBe(2);
    await page.goBack();

    await page.getByRole("button", { name: "Pause mail" }).click();
    await row.getByText("Paused").waitFor();
    await expect.poll(async () => (await queues.retrieve({ type: "custom", name: "mail" })).paused).toBe(true);
    await keepScreenshots(page, "queues");
    expect(await findHindrances(page)).toEqual([]);

    await page.getByRole("button", { name: "Concurrency limit of mail" }).click();
    await page.getByLabel("Runs that execute at once").fill("a few");
    expect(await page.getByRole("button", { name: "Set limit" }).isDisabled()).toBe(true);
    await page.getByLabel("Runs that execute at once").fill("3");
    await keepScreenshots(page, "queues-limit");
    expect(await findHindrances(page)).toEqual([]);
    await page.getByRole("button", { name: "Set limit" }).click();
    await row.filter({ hasText: "1 / 3" }).waitFor();
    await page.getByRole("button", { name: "Resume mail" }).click();
    await row.filter({ hasText: "/ 3" }).getByText("Paused").waitFor({ state: "detached" });

    await page.getByRole("button", { name: "Concurrency limit of mail" }).click();
    await page.getByRole("button", { name: /^Reset to what is declared/u }).click();
    await row.filter({ hasText: "/ 1" }).waitFor();
    await Promise.all(handles.map(({ id }) => runs.cancel(id)));
    await expect.poll(() => row.getByRole("cell").nth(1).textContent()).toContain("0 / 1");
  });

  test("the overview counts what ended and how, draws it, and has every value in a table; a change of theme draws it anew", async () => {
    const { page } = window;
    await page.goto(`${url}/`);
    await page.getByText("From all 3 runs triggered since").waitFor();
    await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        tasks.trigger("resize-image", { ms: index * 10, fails: index % 4 === 3 }),
      ),
    );
    await page.getByText("From all 15 runs triggered since").waitFor();
    const legend = page.getByRole("list", { name: "Legend of Throughput and failures" });
    await legend.getByText("9 completed, 3 failed, 3 canceled").waitFor();
    await page.getByRole("row").filter({ hasText: "resize-image" }).filter({ hasText: "25.0 %" }).waitFor();
    await page.getByRole("definition").filter({ hasText: /^3$/u }).waitFor();
    await keepScreenshots(page, "overview");
    expect(await findHindrances(page)).toEqual([]);

    await page.getByText("As a table").first().click();
    const table = page.getByRole("region", { name: "Throughput and failures as a table" });
    const cells = await table
      .getByRole("row")
      .evaluateAll((rows) =>
        rows.slice(1).map((row) => [...row.querySelectorAll("td")].map(({ textContent }) => Number(textContent))),
      );
    const totals = [0, 1, 2].map((column) => cells.reduce((sum, row) => sum + (row[column] ?? 0), 0));
    expect(totals).toEqual([9, 3, 3]);
    const drawn = () => page.locator("canvas").first().screenshot();
    const light = await drawn();
    await page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(async () => light.equals(await drawn())).toBe(false);
    await page.emulateMedia({ colorScheme: "light" });
    await page.getByRole("link", { name: "15 min" }).click();
    await expect.poll(() => page.url()).toBe(`${url}/?period=15m`);
    await page.getByText("From all 15 runs triggered since").waitFor();
  });

  test("a deployment is rolled back and promoted after a question that says which tasks are lost", async () => {
    const { page } = window;
    const current = async (): Promise<number | undefined> => {
      const { deployment } = await environment.client().deployments.getCurrentDeployment({});
      return deployment?.tasks.length;
    };
    await page.goto(`${url}/deployments`);
    await page.getByRole("button", { name: /^Roll back to/u }).click();
    await page.getByText(/It does not have clean-up, resize-image, send-newsletter/u).waitFor();
    await keepScreenshots(page, "deployments-roll-back");
    expect(await findHindrances(page)).toEqual([]);
    await page.getByRole("button", { name: "Roll back", exact: true }).click();
    await page.getByRole("row").filter({ hasText: "send-postcard" }).waitFor();
    expect(await current()).toBe(1);

    await page.getByRole("table", { name: "Deployments" }).getByRole("link").first().click();
    await page.getByRole("row").filter({ hasText: "resize-image" }).waitFor();
    await page.getByRole("button", { name: /^Promote/u }).click();
    await page.getByRole("button", { name: "Promote", exact: true }).click();
    await expect.poll(current).toBe(3);
    await page.getByRole("button", { name: /^Roll back to/u }).waitFor();
    await page.getByRole("link", { name: "Its runs" }).click();
    await page.getByRole("row").filter({ hasText: "resize-image" }).first().waitFor();
    await page.goBack();
    await page.getByRole("button", { name: /^Roll back to/u }).waitFor();
    await keepScreenshots(page, "deployments");
    expect(await findHindrances(page)).toEqual([]);
  });

  test("variables are set, changed and removed by name; no value is ever on the page", async () => {
    const { page } = window;
    const client = environment.client().environments;
    await page.goto(`${url}/environment`);
    const set = async (name: string, value: string, isSecret: boolean): Promise<void> => {
      await page.getByRole("button", { name: "Add variable" }).click();
      await page.getByLabel("Name", { exact: true }).fill(name);
      await page.getByLabel("Value", { exact: true }).fill(value);
      await page.getByRole("checkbox", { name: "Secret" }).setChecked(isSecret);
      await page.getByRole("button", { name: "Add", exact: true }).click();
    };
    await set("MAIL_TOKEN", "t0ken-of-the-mail", true);
    await page.getByRole("row").filter({ hasText: "MAIL_TOKEN" }).filter({ hasText: "Secret" }).waitFor();
    await set("MAIL_HOST", "mail.example.org", false);
    await page.getByRole("row").filter({ hasText: "MAIL_HOST" }).filter({ hasText: "Plain" }).waitFor();
    await set("MAIL_HOST", "other.example.org", false);
    await page.getByText(/MAIL_HOST.*exists|exists.*MAIL_HOST|MAIL_HOST.*already/iu).waitFor();
    await page.getByRole("button", { name: "Keep" }).click();
    await page.getByRole("button", { name: "Change MAIL_HOST" }).click();
    await page.getByLabel("New value").fill("new.example.org");
    await page.getByRole("button", { name: "Set value" }).click();
    await expect.poll(async () => (await client.getVariable({ name: "MAIL_HOST" })).value).toBe("new.example.org");
    await keepScreenshots(page, "environment");
    expect(await findHindrances(page)).toEqual([]);
    await page.reload();
    await page.getByRole("row").filter({ hasText: "MAIL_TOKEN" }).waitFor();
    expect(await page.content()).not.toMatch(/t0ken-of-the-mail|example\.org/u);

    await page.getByRole("button", { name: "Remove MAIL_HOST" }).click();
    await page.getByRole("button", { name: "Remove variable" }).click();
    await page.getByRole("row").filter({ hasText: "MAIL_HOST" }).waitFor({ state: "detached" });
    expect(Object.keys((await client.listVariables({})).variables)).toEqual(["MAIL_TOKEN"]);
  });

  test("the environment's limit is set and removed", async () => {
    const { page } = window;
    await page.getByRole("button", { name: "Change limit" }).click();
    await page.getByLabel("Runs that execute at once").fill("25");
    await page.getByRole("button", { name: "Set limit" }).click();
    await page.getByRole("definition").filter({ hasText: /^25$/u }).waitFor();
    const read = await environment.client().environments.getEnvironment({});
    expect(read.environment?.concurrencyLimit).toBe(25);
    await page.getByRole("button", { name: "Change limit" }).click();
    await page.getByRole("button", { name: "Remove the limit" }).click();
    await page.getByRole("definition").filter({ hasText: "no limit" }).waitFor();
  });

  test("a new key is shown once and works; the old one works until it is revoked, which signs out who uses it", async () => {
    const { page, problems } = window;
    await page.goto(`${url}/environment`);
    await page.getByRole("button", { name: /^Rotate/u }).click();
    await page.getByRole("button", { name: "Create the new key" }).click();
    const dialog = page.getByRole("dialog");
    const secret = (await dialog.locator("code").textContent()) ?? "";
    await environment.client(secret).environments.getEnvironment({});
    await environment.client().environments.getEnvironment({});
    expect(await findHindrances(page)).toEqual([]);
    await dialog.getByRole("button", { name: "I have copied it" }).click();
    expect(await page.content()).not.toContain(secret);
    await expect.poll(() => page.getByRole("button", { name: /^Revoke/u }).count()).toBe(2);
    await page.getByRole("button", { name: `Revoke first …${environment.apiKey.slice(-4)}` }).click();
    await page.getByRole("button", { name: "Revoke key" }).click();
    await page.getByLabel("API key").and(page.locator("input")).fill(secret);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("row").filter({ hasText: "Revoked" }).filter({ hasText: "first" }).waitFor();
    expect(problems).toEqual([]);
  });
});
