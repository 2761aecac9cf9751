import type { PagePromise } from "../client/pages.ts";

/** The first items of a list, at most `limit`, and whether there are more. */
export async function firstItems<T>(
  list: PagePromise<T>,
  limit: number,
): Promise<{ readonly items: T[]; readonly hasMore: boolean }> {
  let page = await list;
  const items = [...page.data];
  while (items.length < limit && page.hasNextPage()) {
    page = await page.getNextPage();
    items.push(...page.data);
  }
  return { items: items.slice(0, limit), hasMore: items.length > limit || page.hasNextPage() };
}
