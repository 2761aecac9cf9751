// A task can trigger others and wait for what they return. Canceling the parent cancels its children.
import { task } from "@windlass/sdk";

export const countWords = task({
  id: "count-words",
  run: async (payload: { text: string }) => {
    if (payload.text === "") throw new Error("there is no text");
    return payload.text.split(/\s+/).length;
  },
  retry: { maxAttempts: 1 },
});

export const countAll = task({
  id: "count-all",
  run: async (payload: { title: string; chapters: string[] }) => {
    // unwrap() gives the output, and throws SubtaskUnwrapError when the child did not complete.
    const title = await countWords.triggerAndWait({ text: payload.title }).unwrap();
    // One wait for all of them. Results are in the order of the items; each says whether it is ok.
    const { runs } = await countWords.batchTriggerAndWait(payload.chapters.map((text) => ({ payload: { text } })));
    const chapters = runs.map((result) => (result.ok ? result.output : 0));
    return { title, chapters, failed: runs.filter(({ ok }) => !ok).map(({ id }) => id) };
  },
});
