import { onTestFinished } from "vitest";
import { DeploymentService, RunService, TaskService } from "../index.ts";
import type { ServiceImplementation } from "../grpc.ts";
import { type LoopbackServer, startLoopbackServer } from "./loopback-server.ts";

type Tasks = ServiceImplementation<typeof TaskService>;
type Runs = ServiceImplementation<typeof RunService>;
type Deployments = ServiceImplementation<typeof DeploymentService>;

const unused = (): never => {
  throw new Error("This test does not call it.");
};

const echoTasks: Tasks = {
  resetIdempotencyKey: unused,
  triggerTask: ({ trigger }) => Promise.resolve({ run: { runId: trigger?.taskId ?? "" } }),
  async *triggerTasks(requests) {
    for await (const { correlationId } of requests) yield { correlationId };
  },
};
const unusedRuns: Runs = {
  getRun: unused,
  listRuns: unused,
  countRuns: unused,
  watchRun: unused,
  awaitRuns: unused,
  cancelRun: unused,
  replayRun: unused,
  rescheduleRun: unused,
  updateRun: unused,
};
const unusedDeployments: Deployments = {
  createDeployment: unused,
  getCurrentDeployment: unused,
  listDeployments: unused,
  promoteDeployment: unused,
  rollbackDeployment: unused,
};

async function untilTestEnds(starting: Promise<LoopbackServer>): Promise<LoopbackServer> {
  const server = await starting;
  onTestFinished(() => server.stop());
  return server;
}

/** A TaskService for the rest of the test; what is not given answers with what it was asked. */
export const startTasks = (implementation: Partial<Tasks>, address?: string) =>
  untilTestEnds(startLoopbackServer(TaskService, { ...echoTasks, ...implementation }, address));

/** A RunService for the rest of the test; what is not given throws. */
export const startRuns = (implementation: Partial<Runs>, address?: string) =>
  untilTestEnds(startLoopbackServer(RunService, { ...unusedRuns, ...implementation }, address));

/** A DeploymentService for the rest of the test; what is not given throws. */
export const startDeployments = (implementation: Partial<Deployments>, address?: string) =>
  untilTestEnds(startLoopbackServer(DeploymentService, { ...unusedDeployments, ...implementation }, address));

/** Resolves when the signal has aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
