import { CatchUp } from "@windlass/proto";
import { describeValue } from "../task/check-options.ts";

/** What becomes of ticks that a downtime of the cluster missed: the latest is made up for, none is, or all are, the latest hundred at most. */
export type CatchUpName = "latest" | "none" | "all";

const BY_NAME = {
  latest: CatchUp.LATEST,
  none: CatchUp.NONE,
  all: CatchUp.ALL,
} as const satisfies Record<CatchUpName, CatchUp>;

/** What is wrong with a value, in words that follow the field's name; undefined when nothing is. */
export function catchUpProblem(value: unknown): string | undefined {
  if (typeof value === "string" && Object.hasOwn(BY_NAME, value)) return undefined;
  return `must be "latest", "none" or "all", got ${describeValue(value)}`;
}

export function catchUpToProto(name: CatchUpName): CatchUp {
  return BY_NAME[name];
}

/** What a cluster that does not say does is "latest". */
export function catchUpFromProto(catchUp: CatchUp | undefined): CatchUpName {
  switch (catchUp) {
    case CatchUp.NONE:
      return "none";
    case CatchUp.ALL:
      return "all";
    default:
      return "latest";
  }
}
