import { createPushStream } from "@windlass/proto/grpc";
import { expect, it } from "vitest";
import { answerStream } from "./answer-stream.ts";

/** Questions are numbers; each is answered when the test says so. */
function setUp(options: { maxInFlight?: number; maxNotices?: number } = {}) {
  const requests = createPushStream<number>(1_000);
  const stop = new AbortController();
  const asked: number[] = [];
  const pending = new Map<number, PromiseWithResolvers<string>>();
  let send: (notice: string) => boolean = () => false;
  const answers = answerStream<number, string>({
    requests,
    signal: stop.signal,
    maxInFlight: options.maxInFlight ?? 10,
    answer: (request) => {
      asked.push(request);
      const answer = Promise.withResolvers<string>();
      pending.set(request, answer);
      return answer.promise;
    },
    notices: { maxNotices: options.maxNotices ?? 2, connect: (sender) => (send = sender) },
  });
  return {
    requests,
    answers,
    asked,
    stop,
    send: (notice: string) => send(notice),
    answer: (request: number) => pending.get(request)?.resolve(`answer ${request}`),
    fail: (request: number) => pending.get(request)?.reject(new Error(`no ${request}`)),
  };
}

/** Lets everything that can happen now happen. */
const turn = () => new Promise(setImmediate);

it("each answer goes out as soon as it is ready, and the stream ends when all are", async () => {
  const { requests, answers, answer } = setUp();
  const first = answers.next();
  for (const request of [1, 2, 3]) requests.push(request);
  requests.end();
  await turn();
  answer(2);
  expect((await first).value).toBe("answer 2");
  answer(3);
  expect((await answers.next()).value).toBe("answer 3");
  const last = answers.next();
  answer(1);
  expect((await last).value).toBe("answer 1");
  expect(await answers.next()).toEqual({ done: true, value: undefined });
});

it("reads no further while too many answers are not sent (I10)", async () => {
  const { requests, answers, asked, answer } = setUp({ maxInFlight: 2 });
  const first = answers.next();
  for (const request of [1, 2, 3, 4]) requests.push(request);
  await turn();
  expect(asked).toEqual([1, 2]);
  answer(1);
  expect((await first).value).toBe("answer 1");
  const second = answers.next();
  await turn();
  expect(asked).toEqual([1, 2, 3]);
  answer(2);
  expect((await second).value).toBe("answer 2");
});

it("a failed answer ends the stream", async () => {
  const { requests, answers, fail } = setUp();
  const first = answers.next();
  requests.push(1);
  await turn();
  fail(1);
  await expect(first).rejects.toThrow("no 1");
});

it("notices go out between answers, and those beyond the limit are refused", async () => {
  const { requests, answers, answer, send } = setUp();
  const first = answers.next();
  requests.push(1);
  await turn();
  expect([send("a"), send("b"), send("c")]).toEqual([true, true, false]);
  expect((await first).value).toBe("a");
  answer(1);
  await turn();
  expect((await answers.next()).value).toBe("b");
  expect((await answers.next()).value).toBe("answer 1");
  expect(send("d")).toBe(true);
  expect((await answers.next()).value).toBe("d");
});

it("ends with the signal's reason, and answers that come later go nowhere", async () => {
  const { requests, answers, answer, stop, send } = setUp();
  const first = answers.next();
  requests.push(1);
  await turn();
  stop.abort(new Error("hung up"));
  await expect(first).rejects.toThrow("hung up");
  answer(1);
  expect(send("late")).toBe(false);
});
