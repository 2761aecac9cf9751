import { CatchUp, type Cron } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { type CronRule, findCronProblem, UTC } from "../schedules/cron.ts";
import type { CatchUpName } from "../schedules/missed-ticks.ts";
import { quote } from "./quote.ts";

/** A checked rule, and what becomes of ticks that were missed. */
export interface ParsedCron extends CronRule {
  readonly catchUp: CatchUpName;
}

/** Checks when a schedule ticks. An empty time zone is UTC; of missed ticks the latest is made unless told. */
export function parseCron(cron: Cron | undefined, field: string, violations: Violation[]): ParsedCron {
  if (cron === undefined) {
    violations.push({ field, description: "must be set." });
    return { expression: "", timezone: UTC, catchUp: "LATEST" };
  }
  const rule = { expression: cron.expression, timezone: cron.timezone === "" ? UTC : cron.timezone };
  const problem = findCronProblem(rule, Date.now());
  if (problem !== undefined) {
    const { part, description } = problem;
    violations.push({ field: `${field}.${part}`, description: `${quote(rule[part])} ${description}` });
  }
  return { ...rule, catchUp: parseCatchUp(cron.catchUp, `${field}.catch_up`, violations) };
}

function parseCatchUp(catchUp: CatchUp, field: string, violations: Violation[]): CatchUpName {
  switch (catchUp) {
    case CatchUp.UNSPECIFIED:
    case CatchUp.LATEST:
      return "LATEST";
    case CatchUp.NONE:
      return "NONE";
    case CatchUp.ALL:
      return "ALL";
    default:
      violations.push({ field, description: "must be LATEST, NONE or ALL." });
      return "LATEST";
  }
}
