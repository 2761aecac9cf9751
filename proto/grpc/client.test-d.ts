import { expectTypeOf, test } from "vitest";
import type {
  AwaitRunsRequest,
  AwaitRunsResponse,
  GetRunResponse,
  RunService,
  TaskService,
  TriggerTaskResponse,
  WatchRunResponse,
} from "../index.ts";
import type { CallContext, Client, ServiceImplementation } from "../grpc.ts";

declare const tasks: Client<typeof TaskService>;
declare const runs: Client<typeof RunService>;

test("a client's functions have their methods' types", () => {
  expectTypeOf(tasks.triggerTask({ trigger: { taskId: "a" } })).resolves.toEqualTypeOf<TriggerTaskResponse>();
  expectTypeOf(runs.watchRun({}).next()).resolves.toEqualTypeOf<IteratorResult<WatchRunResponse, undefined>>();
  expectTypeOf(runs.awaitRuns().responses.next()).resolves.toEqualTypeOf<
    IteratorResult<AwaitRunsResponse, undefined>
  >();
  expectTypeOf(runs.awaitRuns().send({ runIds: ["run_1"] })).toEqualTypeOf<boolean>();
  // @ts-expect-error -- no such field
  void tasks.triggerTask({ trigger: { task: "a" } });
  // @ts-expect-error -- no such method
  expectTypeOf(tasks.trigger).toBeAny();
});

test("a handler's parameters and answers have its method's types", () => {
  type Handlers = ServiceImplementation<typeof RunService>;
  expectTypeOf<Parameters<Handlers["awaitRuns"]>>().toEqualTypeOf<[AsyncIterable<AwaitRunsRequest>, CallContext]>();
  expectTypeOf<Promise<GetRunResponse>>().toExtend<ReturnType<Handlers["getRun"]>>();
  expectTypeOf<Promise<{ run: { id: string } }>>().toExtend<ReturnType<Handlers["getRun"]>>();
  expectTypeOf<Promise<{ run: { id: number } }>>().not.toExtend<ReturnType<Handlers["getRun"]>>();
  expectTypeOf<keyof Handlers>().toEqualTypeOf<
    | "getRun"
    | "listRuns"
    | "countRuns"
    | "watchRun"
    | "awaitRuns"
    | "cancelRun"
    | "replayRun"
    | "rescheduleRun"
    | "updateRun"
  >();
});
