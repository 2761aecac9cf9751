import { address, commonVariables, loadConfig, variable } from "@windlass/chassis";
import { z } from "zod";

const traceUrlRule = "must be an http or https URL with {traceId} in it";

function isTraceUrl(text: string): boolean {
  const url = URL.parse(text.replaceAll("{traceId}", "0"));
  return text.includes("{traceId}") && (url?.protocol === "https:" || url?.protocol === "http:");
}

/** Everything the dashboard reads from its environment; `--help` prints it. */
const dashboardVariables = {
  ...commonVariables,
  WINDLASS_LISTEN: variable(address("listen").default("127.0.0.1:7076"), {
    description: "Where health is served.",
  }),
  WINDLASS_HTTP_LISTEN: variable(address("listen").default("127.0.0.1:7090"), {
    description: "Where browsers are served.",
  }),
  WINDLASS_RUN_STORE_ADDRESS: variable(address().default("127.0.0.1:7070"), {
    description: "The run-store.",
  }),
  WINDLASS_TRACE_URL: variable(z.string().refine(isTraceUrl, traceUrlRule).optional(), {
    description: "Where a run's trace is looked at, https://jaeger.example/trace/{traceId}. Unset: pages show the id.",
  }),
  WINDLASS_TRUST_PROXY: variable(z.coerce.number().int().min(0).max(10).default(0), {
    description: "How many proxies in front are believed when they say, by X-Forwarded-*, who asks and whether by TLS.",
  }),
};

export type DashboardConfig = ReturnType<typeof readConfig>;

/** Reads the environment; exits the process when it cannot be used (see loadConfig). */
export function readConfig() {
  return loadConfig("dashboard", dashboardVariables);
}
