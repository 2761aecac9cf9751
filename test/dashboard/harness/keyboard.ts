import type { Locator, Page } from "playwright-core";

/** More than any page has places to stop at. */
const MAX_STOPS = 300;

/**
 * Presses Tab until an element has the focus, as somebody without a mouse does.
 * @throws when the focus came around without meeting it.
 */
export async function tabTo(page: Page, target: Locator, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  await target.waitFor();
  const met: string[] = [];
  while (met.length < MAX_STOPS) {
    if (await hasFocus(target)) return;
    await page.keyboard.press(key);
    met.push(await nameOfFocus(page));
  }
  throw new Error(`the keyboard does not lead to ${String(target)}; it led to ${[...new Set(met)].join(" | ")}`);
}

/** Whether an element has the focus; one within a shadow root is asked there. */
export function hasFocus(target: Locator): Promise<boolean> {
  return target.evaluate((element) => (element.getRootNode() as Document | ShadowRoot).activeElement === element);
}

/** What of a page Tab never leads to, and what does not show that it has the focus; each as its markup. */
export async function findUnreached(page: Page): Promise<{ unreached: string[]; unmarked: string[] }> {
  await page.evaluate(() => {
    const stops = "a[href], button, input, select, textarea, summary, [tabindex='0'], [contenteditable='true']";
    const all = [...document.querySelectorAll<HTMLElement>(stops)].filter(
      (element) =>
        element.checkVisibility({ visibilityProperty: true }) && !element.matches(":disabled, [type=hidden], .unseen"),
    );
    for (const element of all) element.dataset["unreached"] = "";
    (document.activeElement as HTMLElement | null)?.blur();
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
  });
  const unmarked = new Set<string>();
  for (let stop = 0; stop < MAX_STOPS; stop += 1) {
    await page.keyboard.press("Tab");
    const met = await page.evaluate(async (stop) => {
      const element = document.activeElement as HTMLElement | null;
      if (element === null || element === document.body) return { isAround: true };
      // A date has several places to stop at: only what was left before is come to again.
      const isAround = element.dataset["reached"] !== undefined && element.dataset["reached"] !== String(stop - 1);
      element.dataset["reached"] = String(stop);
      delete element.dataset["unreached"];
      const editor = element.shadowRoot?.activeElement?.closest(".cm-editor") ?? null;
      const hasOutline = (shown: Element | null): boolean => {
        if (shown === null) return false;
        const { outlineStyle, outlineWidth } = getComputedStyle(shown);
        return outlineStyle !== "none" && Number.parseFloat(outlineWidth) > 0;
      };
      // Around itself, around the field that it is in, or around the row that it makes one link of.
      const marked = [element, editor, element.parentElement, element.closest("[role=row]")];
      // The browser marks the parts of a date itself; an editor says it a few frames later.
      let isMarked = element.matches("[type=datetime-local]");
      for (let frame = 0; frame < 60 && !isMarked; frame += 1) {
        isMarked = marked.some(hasOutline);
        if (!isMarked) await new Promise(requestAnimationFrame);
      }
      return { isAround, unmarked: isMarked ? undefined : element.outerHTML.slice(0, 200) };
    }, stop);
    if (met.isAround) break;
    if (met.unmarked !== undefined) unmarked.add(met.unmarked);
  }
  const unreached = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("[data-unreached]")]
      .filter((element) => element.isConnected && element.checkVisibility({ visibilityProperty: true }))
      .map(({ outerHTML }) => outerHTML.slice(0, 200)),
  );
  return { unreached, unmarked: [...unmarked] };
}

function nameOfFocus(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    return `${element?.tagName.toLowerCase()} ${element?.getAttribute("aria-label") ?? element?.textContent.slice(0, 40)}`;
  });
}
