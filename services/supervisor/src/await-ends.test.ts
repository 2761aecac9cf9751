import { createFakeClock, type FakeClock } from "@windlass/chassis";
import { type CallError, ErrorReason } from "@windlass/proto";
import { type BidiCall, CallFailure, createPushStream, type PushStream, status } from "@windlass/proto/grpc";
import { beforeEach, expect, it } from "vitest";
import { type AwaitedEnd, type AwaitEnds, createAwaitEnds } from "./await-ends.ts";
import { callError, testLogger as logger } from "./testing/start-peer.ts";

interface FakeCall {
  readonly named: string[][];
  readonly answers: PushStream<AwaitedEnd[]>;
}

let clock: FakeClock;
let calls: FakeCall[];
let idles: number;
let ends: AwaitEnds;

beforeEach(() => {
  clock = createFakeClock();
  [calls, idles] = [[], 0];
  ends = createAwaitEnds<string[], AwaitedEnd[]>({
    open: (signal) => {
      const answers = createPushStream<AwaitedEnd[]>(100, signal);
      const call: FakeCall = { named: [], answers };
      calls.push(call);
      const fake: BidiCall<string[], AwaitedEnd[]> = {
        send: (ids) => call.named.push(ids) > 0,
        drained: () => Promise.resolve(),
        responses: Object.assign(answers, { opened: Promise.resolve() }),
        end: () => answers.end(),
        cancel: () => answers.end(broken()),
      };
      return fake;
    },
    name: (ids) => ids,
    endsOf: (message) => message,
    onIdle: () => (idles += 1),
    clock,
    logger,
  });
});

const broken = () => new CallFailure({ code: status.UNAVAILABLE, reason: ErrorReason.NOT_READY, message: "broken" });
const end = (id: string, error?: CallError): AwaitedEnd => ({ id, error });
const settle = () => clock.advance(0);

it("names what is watched in one message, and tells each end once to all who watch it", async () => {
  const heard: string[] = [];
  for (const id of ["a", "b", "a"]) ends.watch(id, () => heard.push(id));
  await settle();
  expect(calls[0]?.named.flat()).toEqual(["a", "b"]);
  calls[0]?.answers.push([end("a"), end("a")]);
  await settle();
  expect(heard).toEqual(["a", "a"]);
  calls[0]?.answers.push([end("b", callError(ErrorReason.RUN_NOT_FOUND))]);
  await settle();
  expect(heard).toEqual(["a", "a", "b"]);
});

it("names everything again after a break, and what was refused for being too much a second later", async () => {
  const heard: string[] = [];
  for (const id of ["a", "b"]) ends.watch(id, () => heard.push(id));
  await settle();
  calls[0]?.answers.push([end("a")]);
  await settle();
  calls[0]?.answers.end(broken());
  await clock.advance(2_000);
  expect(calls[1]?.named).toEqual([["b"]]);
  calls[1]?.answers.push([end("b", callError(ErrorReason.OVERLOADED))]);
  await clock.advance(1_000);
  expect(calls[1]?.named).toEqual([["b"], ["b"]]);
  expect(heard).toEqual(["a"]);
  await ends.close();
});

it("closes the stream when nothing has been watched for 10 s, and opens it again for the next", async () => {
  ends.watch("a", () => {})();
  await clock.advance(9_999);
  expect(idles).toBe(0);
  await clock.advance(1);
  expect(idles).toBe(1);
  ends.watch("b", () => {});
  await settle();
  expect(calls[1]?.named).toEqual([["b"]]);
  await ends.close();
});

it("does not tell those who have taken it back, and does not let such pile up on the other side", async () => {
  const heard: string[] = [];
  ends.watch("stays", () => heard.push("stays"));
  await settle();
  for (let nth = 0; nth < 1_001; nth += 1) {
    const takeBack = ends.watch(`gone ${nth}`, () => heard.push("gone"));
    await settle();
    takeBack();
  }
  await clock.advance(2_000);
  expect(calls).toHaveLength(2);
  expect(calls[1]?.named).toEqual([["stays"]]);
  calls[1]?.answers.push([end("stays"), end("gone 1")]);
  await settle();
  expect(heard).toEqual(["stays"]);
});
