import { z } from "zod";
import { logLevels } from "../telemetry/logger.ts";
import { wholeNumber } from "./schemas.ts";
import { variable } from "./variable.ts";

/** What every service reads. */
export const commonVariables = {
  WINDLASS_LOG_LEVEL: variable(z.enum(logLevels).default("info"), {
    description: "Lowest level logged: debug, info, warn or error.",
  }),
  WINDLASS_INTERNAL_TOKEN: variable(z.string().min(16), {
    description: "Shared by the services of a cluster to know each other; at least 16 characters.",
    secret: true,
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(z.url({ protocol: /^https?$/ }).optional(), {
    description: "Where traces and metrics go, as OTLP over HTTP; unset turns them off.",
  }),
  WINDLASS_DRAIN_TIMEOUT_MS: variable(wholeNumber({ min: 0, max: 3_600_000 }).default(30_000), {
    description: "How long work in progress may take to end after SIGTERM.",
    unit: "ms",
  }),
  WINDLASS_EXIT_WITH_PARENT: variable(z.enum(["0", "1"]).default("0"), {
    description: "1: stop when standard input closes, so that nothing outlives whoever started it.",
  }),
};
