import type { Cron } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { type CronRule, findCronProblem, UTC } from "../schedules/cron.ts";
import { quote } from "./quote.ts";

/** Checks when a schedule ticks. An empty time zone is UTC. */
export function parseCron(cron: Cron | undefined, field: string, violations: Violation[]): CronRule {
  if (cron === undefined) {
    violations.push({ field, description: "must be set." });
    return { expression: "", timezone: UTC };
  }
  const rule = { expression: cron.expression, timezone: cron.timezone === "" ? UTC : cron.timezone };
  const problem = findCronProblem(rule, Date.now());
  if (problem !== undefined) {
    const { part, description } = problem;
    violations.push({ field: `${field}.${part}`, description: `${quote(rule[part])} ${description}` });
  }
  return rule;
}
