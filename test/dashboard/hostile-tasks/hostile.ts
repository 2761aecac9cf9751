import { logger, metadata, queue, schedules, tags, task } from "@trigger.dev/sdk";

/** Gives back what it was given in every way in which a task can say something. */
const say = async ({ texts }: { texts: string[] }): Promise<Record<string, unknown>> => {
  for (const text of texts) logger.info(text, { [text.slice(0, 100)]: text, text });
  metadata.set("texts", texts.slice(0, 40));
  for (const text of texts.slice(0, 40)) metadata.set(text, text);
  await tags.add(texts[0] ?? "none");
  return Object.fromEntries(texts.map((text) => [text, [text]]));
};

export const repeats = task({
  id: "<img src=x onerror=globalThis.taken=1>",
  description: "<script>globalThis.taken=1</script><b>bold</b>",
  queue: queue({ name: "javascript/../queue" }),
  run: say,
});

export const fails = task({
  id: 'fails"><script>globalThis.taken=1</script>',
  retry: { maxAttempts: 1 },
  onFailure: () => {
    throw new TypeError("<svg onload=globalThis.taken=1>");
  },
  run: async ({ texts }: { texts: string[] }) => {
    const error = new Error(texts.join("\n"), { cause: new Error(texts.toReversed().join("\n")) });
    error.name = "<img src=x onerror=globalThis.taken=1>";
    error.stack = `${error.name}: ${error.message}\n    at <script>globalThis.taken=1</script> (javascript:globalThis.taken=1:1:1)`;
    throw error;
  },
});

export const ticks = schedules.task({ id: "ticks </script><script>globalThis.taken=1</script>", run: () => undefined });
