import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runs, tasks } from "@windlass/sdk";
import { expect } from "vitest";
import { waitFor } from "../kit/index.ts";

/** A run that leaves a trace while it executes. */
export interface TracedRun {
  readonly id: string;
  beats(): Beat[];
}

export interface Beat {
  readonly attempt: number;
  readonly pid: number;
  readonly timeMs: number;
}

/** Triggers a run that leaves its trace in `folder` and may end once the file `gate` is there, and waits until its first attempt beats. */
export async function startTraced(
  folder: string,
  taskId: string,
  gate: string,
  options: { maxAttempts?: number } = {},
): Promise<TracedRun> {
  const file = path.join(folder, randomUUID());
  const { id } = await tasks.trigger(taskId, { file, gate }, options);
  const run = { id, beats: () => readBeats(file) };
  await waitFor(`${taskId} to execute`, () => run.beats().length > 0);
  return run;
}

function readBeats(file: string): Beat[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((text) => {
    const [attempt = 0, pid = 0, timeMs = 0] = text.split(" ").map(Number);
    return { attempt, pid, timeMs };
  });
}

/** Waits until its second attempt executes. */
export const untilAgain = (run: TracedRun) =>
  waitFor("its second attempt to execute", () => run.beats().at(-1)?.attempt === 2);

/** No beat of an attempt came after one of the next: the file has them in the order in which they happened. */
export function expectOneAtATime(run: TracedRun): void {
  const attempts = run.beats().map(({ attempt }) => attempt);
  expect(attempts).toEqual(attempts.toSorted((a, b) => a - b));
}

/** Waits until it is suspended. */
export async function untilWaiting(run: TracedRun): Promise<void> {
  await waitFor("it to wait", async () => (await runs.retrieve(run.id)).status === "WAITING");
}

/** Lets runs end. */
export function openGate(gate: string): void {
  writeFileSync(gate, "");
}
