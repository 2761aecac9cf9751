/**
 * Runs a batch so that an item which the database refuses fails alone: when the statement fails with a data error, each half is run by itself, down to the item that is
 * to blame. Nothing of a failed statement is stored, so no item is done twice. Every item is validated before it comes here; this is for what validation overlooked,
 * and costs nothing until then. Other errors fail the whole batch.
 */
export async function splitBatch<Item, Result>(
  items: readonly Item[],
  run: (items: readonly Item[]) => Promise<Result[]>,
  fail: (item: Item, error: Error) => Result,
): Promise<Result[]> {
  try {
    return await run(items);
  } catch (error) {
    if (!isDataError(error)) throw error;
    const [only] = items;
    if (only !== undefined && items.length === 1) return [fail(only, error)];
    const middle = Math.ceil(items.length / 2);
    const first = await splitBatch(items.slice(0, middle), run, fail);
    const second = await splitBatch(items.slice(middle), run, fail);
    return [...first, ...second];
  }
}

/** SQLSTATE classes 22 (data exception) and 23 (constraint violation): the values are to blame, and would be again. */
function isDataError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && typeof error.code === "string" && /^2[23]/.test(error.code);
}
