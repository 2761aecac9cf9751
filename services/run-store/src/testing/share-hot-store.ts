import { afterAll, afterEach, expect } from "vitest";
import { type HotStore, startHotStore } from "./hot-store.ts";

/** One store for all tests of the file at whose top this is called. The invariants hold after each; it is stopped after the last. */
export async function shareHotStore(): Promise<HotStore> {
  const store = await startHotStore();
  afterEach(async () => expect(await store.violations()).toEqual([]));
  afterAll(() => store.stop());
  return store;
}
