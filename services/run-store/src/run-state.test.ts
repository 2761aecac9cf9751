import { readFileSync } from "node:fs";
import { AttemptOutcomeSchema, type RunStatus, RunStatusSchema } from "@windlass/proto";
import { expect, it } from "vitest";
import {
  ATTEMPT_OUTCOMES,
  attemptOutcomeFromProto,
  attemptOutcomeToProto,
  isTerminal,
  nextState,
  RUN_STATES,
  RUN_STATUSES,
  RUN_TRANSITIONS,
  runStatusFromProto,
  runStatusToProto,
  statesBefore,
  statusOf,
  TERMINAL_STATUSES,
} from "./run-state.ts";
import { attemptOutcome } from "./store/schema/run-history.ts";
import { runStatus } from "./store/schema/runs.ts";

const MIGRATIONS = ["0000_init", "0001_task_model"]
  .map((name) => readFileSync(new URL(`../migrations/${name}.sql`, import.meta.url), "utf8"))
  .join("\n");
const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");

function enumInMigration(name: string): string[] {
  const [, values = ""] = new RegExp(`CREATE TYPE "public"."${name}" AS ENUM\\(([^)]*)\\)`).exec(MIGRATIONS) ?? [];
  const added = MIGRATIONS.matchAll(new RegExp(`ALTER TYPE "public"."${name}" ADD VALUE '(\\w+)'`, "g"));
  return [
    ...values.split(", ").map((value) => value.replaceAll("'", "")),
    ...Array.from(added, ([, value]) => value ?? ""),
  ];
}

/** The arrows of the README's diagram, as "FROM transition TO". */
function arrowsInReadme(): string[] {
  const [, diagram = ""] = /```mermaid\nstateDiagram-v2\n([\s\S]*?)```/.exec(README) ?? [];
  return Array.from(
    diagram.matchAll(/^\s*(\w+) --> (\w+): (.+)$/gm),
    ([, from, to, transition]) => `${from} ${transition} ${to}`,
  ).toSorted();
}

const table = RUN_STATES.flatMap((from) =>
  RUN_TRANSITIONS.flatMap((transition) => {
    const to = nextState(from, transition);
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
  expect(table.filter(({ from }) => isTerminal(statusOf(from)))).toEqual([]);
});

it("an attempt ends in the same way whether its process executes, is suspended or is about to be continued, and as CANCELED once a cancel was asked for", () => {
  const ends = table.filter(
    ({ from, transition }) => from === "WAITING" && transition !== "resume" && transition !== "cancel",
  );
  expect(ends).toHaveLength(7);
  for (const { transition, to } of ends) {
    expect(nextState("EXECUTING", transition)).toBe(to);
    expect(nextState("RESUMABLE", transition)).toBe(to);
    expect(nextState("CANCELING", transition)).toBe("CANCELED");
  }
  expect(nextState("CANCELING", "cancel")).toBeUndefined();
});

it("a wait is begun by whoever executes, is over once, and ends no lease", () => {
  expect(statesBefore("suspend")).toEqual(["EXECUTING"]);
  expect(statesBefore("resume")).toEqual(["WAITING"]);
  expect(nextState("WAITING", "resume")).toBe("RESUMABLE");
  expect(statusOf("RESUMABLE")).toBe("QUEUED");
});

it("statements guard by the states the table names", () => {
  expect(statesBefore("claim")).toEqual(["QUEUED", "RESUMABLE"]);
  expect(statesBefore("come due")).toEqual(["DELAYED", "RETRYING"]);
  expect(statesBefore("come due without version")).toEqual(["DELAYED"]);
  expect(statesBefore("deploy")).toEqual(["PENDING_VERSION"]);
  expect(statesBefore("release")).toEqual(["EXECUTING", "CANCELING"]);
  expect(statesBefore("cancel")).toEqual([
    "DELAYED",
    "PENDING_VERSION",
    "QUEUED",
    "EXECUTING",
    "WAITING",
    "RETRYING",
    "RESUMABLE",
  ]);
});
