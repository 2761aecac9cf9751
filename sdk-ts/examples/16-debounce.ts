// One run for many triggers, and runs that are worth nothing when they come late.
import { runs, task } from "@windlass/sdk";

export const indexDocument = task({
  id: "index-document",
  run: async (payload: { documentId: string; text: string }) => payload.text.length,
});

/** Called at every keystroke: indexes what was typed last, 5 s after the typing ends, and at least once a minute. */
export async function documentChanged(documentId: string, text: string): Promise<string> {
  const debounce = { key: documentId, delay: "5s", mode: "trailing", maxDelay: "1m" } as const;
  const { id } = await indexDocument.trigger({ documentId, text }, { debounce });
  return id;
}

/** Expires when nothing had room for it within 30 s. */
export async function indexSoonOrNever(documentId: string, text: string): Promise<void> {
  const handle = await indexDocument.trigger({ documentId, text }, { ttl: "30s" });
  const { status, hold } = await runs.retrieve(handle);
  console.log(status, hold?.message ?? "nothing holds it back");
}
