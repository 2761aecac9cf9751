import { CatchUp, type Cron } from "@windlass/proto";
import type { CatchUpName } from "../schedules/missed-ticks.ts";

/** When a schedule ticks, and what becomes of ticks that were missed. */
export function cronToProto(expression: string, timezone: string, catchUp: CatchUpName): Cron {
  return { $typeName: "windlass.v1.Cron", expression, timezone, catchUp: CatchUp[catchUp] };
}
