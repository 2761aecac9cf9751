import { durationMs } from "@bufbuild/protobuf/wkt";
import type { RateLimit } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { parseInteger } from "./number-rule.ts";

/** How many runs of a queue may begin in a period. */
export interface ParsedRateLimit {
  readonly limit: number;
  readonly periodMs: number;
  readonly isPerKey: boolean;
}

const LIMIT = { min: 1, max: 1_000_000 };
const PERIOD_MS = { min: 1_000, max: 86_400_000 };

/** Returns the rate limit, having noted what is wrong with it. */
export function parseRateLimit(rate: RateLimit, field: string, violations: Violation[]): ParsedRateLimit {
  const periodMs = rate.period === undefined ? 0 : durationMs(rate.period);
  return {
    limit: parseInteger(rate.limit, LIMIT, `${field}.limit`, violations),
    periodMs: parseInteger(periodMs, PERIOD_MS, `${field}.period (in milliseconds)`, violations),
    isPerKey: rate.isPerKey,
  };
}
