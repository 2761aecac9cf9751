import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  BatchService,
  DeploymentService,
  EnvironmentService,
  QueueService,
  RunService,
  ScheduleService,
  SupervisorService,
  TaskService,
  WaitpointService,
} from "@windlass/proto";

/** What the browser may call: the public API. */
export const publicServices: readonly DescService[] = [
  BatchService,
  DeploymentService,
  EnvironmentService,
  QueueService,
  RunService,
  ScheduleService,
  SupervisorService,
  TaskService,
  WaitpointService,
];

/** Values of variables go in and never come out here: a page that was left open is no way to them. */
const unreachable: ReadonlySet<DescMethod> = new Set([EnvironmentService.method.getVariable]);

/** Whether the bridge has a method. Streams of requests are for programs: browsers cannot send them. */
export function isBridged(method: DescMethod): boolean {
  return (method.methodKind === "unary" || method.methodKind === "server_streaming") && !unreachable.has(method);
}
