import { readFileSync } from "node:fs";
import { AttemptOutcomeSchema, type RunStatus, RunStatusSchema } from "@windlass/proto";
import { expect, it } from "vitest";
import {
  ATTEMPT_OUTCOMES,
  attemptOutcomeFromProto,
  attemptOutcomeToProto,
  isTerminal,
  nextStatus,
  RUN_STATUSES,
  RUN_TRANSITIONS,
  runStatusFromProto,
  runStatusToProto,
  statusesBefore,
  TERMINAL_STATUSES,
} from "./run-state.ts";
import { attemptOutcome, runStatus } from "./store/schema.ts";

const MIGRATION = readFileSync(new URL("../migrations/0000_init.sql", import.meta.url), "utf8");
const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");

function enumInMigration(name: string): string[] {
  const [, values = ""] = new RegExp(`CREATE TYPE "public"."${name}" AS ENUM\\(([^)]*)\\)`).exec(MIGRATION) ?? [];
  return values.split(", ").map((value) => value.replaceAll("'", ""));
}

/** The arrows of the README's diagram, as "FROM transition TO". */
function arrowsInReadme(): string[] {
  const [, diagram = ""] = /```mermaid\nstateDiagram-v2\n([\s\S]*?)```/.exec(README) ?? [];
  return Array.from(
    diagram.matchAll(/^\s*(\w+) --> (\w+): (.+)$/gm),
    ([, from, to, transition]) => `${from} ${transition} ${to}`,
  ).toSorted();
}

const table = RUN_STATUSES.flatMap((from) =>
  RUN_TRANSITIONS.flatMap((transition) => {
    const to = nextStatus(from, transition);
    return to === undefined ? [] : [{ from, transition, to }];
  }),
);

it("the statuses are the protocol's, the schema's and the database's, in one order", () => {
  const ofProtocol = RunStatusSchema.values.map((value) => value.localName).filter((name) => name !== "UNSPECIFIED");
  expect(ofProtocol).toEqual(RUN_STATUSES);
  expect(runStatus.enumValues).toEqual(RUN_STATUSES);
  expect(enumInMigration("run_status")).toEqual(RUN_STATUSES);
  for (const status of RUN_STATUSES) expect(runStatusFromProto(runStatusToProto(status))).toBe(status);
  expect(() => runStatusFromProto(0)).toThrow("no run status");
  expect(() => runStatusFromProto(99 as RunStatus)).toThrow("no run status");
});

it("the outcomes are the protocol's, the schema's and the database's, in one order", () => {
  const ofProtocol = AttemptOutcomeSchema.values.map((value) => value.localName);
  expect(ofProtocol).toEqual(["UNSPECIFIED", ...ATTEMPT_OUTCOMES]);
  expect(attemptOutcome.enumValues).toEqual(ATTEMPT_OUTCOMES);
  expect(enumInMigration("attempt_outcome")).toEqual(ATTEMPT_OUTCOMES);
  for (const outcome of ATTEMPT_OUTCOMES) expect(attemptOutcomeFromProto(attemptOutcomeToProto(outcome))).toBe(outcome);
  expect(attemptOutcomeFromProto(0)).toBeUndefined();
});

it("the README's diagram shows the table", () => {
  expect(arrowsInReadme()).toEqual(table.map(({ from, transition, to }) => `${from} ${transition} ${to}`).toSorted());
});

it("nothing follows a terminal status (I3), and terminal statuses come last, as CHECKs and statements rely on", () => {
  expect(TERMINAL_STATUSES).toEqual([
    "COMPLETED",
    "FAILED",
    "CRASHED",
    "SYSTEM_FAILURE",
    "TIMED_OUT",
    "CANCELED",
    "EXPIRED",
  ]);
  expect(table.filter(({ from }) => isTerminal(from))).toEqual([]);
});

it("whatever ends a lease can happen to both statuses that have one, and ends a cancel as CANCELED", () => {
  const endings = RUN_TRANSITIONS.filter((transition) => nextStatus("EXECUTING", transition) !== undefined);
  for (const transition of endings.filter((ending) => ending !== "cancel"))
    expect(nextStatus("CANCELING", transition)).toBe("CANCELED");
  expect(nextStatus("CANCELING", "cancel")).toBeUndefined();
});

it("statements guard by the statuses the table names", () => {
  expect(statusesBefore("claim")).toEqual(["QUEUED"]);
  expect(statusesBefore("come due")).toEqual(["DELAYED", "RETRYING"]);
  expect(statusesBefore("deploy")).toEqual(["PENDING_VERSION"]);
  expect(statusesBefore("release")).toEqual(["EXECUTING", "CANCELING"]);
});
