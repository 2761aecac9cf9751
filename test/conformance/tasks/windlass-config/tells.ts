import { task } from "@windlass/sdk";

export const tells = task({ id: "tells", run: async (_: unknown, { ctx }) => ctx.run.maxDuration });
