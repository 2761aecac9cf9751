// Metadata tells whoever reads the run how far it is; tags are labels by which runs are listed.
import { metadata, tags, task, usage } from "@windlass/sdk";

export const importRows = task({
  id: "import-rows",
  run: async (payload: { rows: string[] }) => {
    await tags.add(`rows-${payload.rows.length}`);
    metadata.set("total", payload.rows.length).set("done", 0);
    const { compute } = await usage.measure(async () => {
      for (const row of payload.rows) {
        if (row === "") metadata.append("skipped", metadata.get("done") ?? 0);
        metadata.increment("done");
      }
    });
    return { metadata: metadata.current(), tookMs: Math.round(compute.durationMs) };
  },
});
