import { createClient } from "@connectrpc/connect";
import { QueryClient } from "@tanstack/react-query";
import { EnvironmentService } from "@windlass/proto";
import { connection } from "./connection.ts";
import { transport } from "./transport.ts";

/** Answers are kept while pages show them and a while longer, so that going back shows them at once; a shown one is fresh. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: false, // connection.ts tries again, once for all
      networkMode: "always",
      refetchOnWindowFocus: true,
      gcTime: 5 * 60_000,
    },
    mutations: { retry: false, networkMode: "always" },
  },
});

const environments = createClient(EnvironmentService, transport);

connection.watch(
  () => environments.getEnvironment({}, { timeoutMs: 3_000 }),
  () => void queryClient.invalidateQueries(),
);
