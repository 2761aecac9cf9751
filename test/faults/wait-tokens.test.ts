import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type AwaitedToken, TokenStatus } from "@windlass/proto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Clients, connectClients, type TestCluster, startCluster, waitFor } from "../kit/index.ts";

let cluster: TestCluster;
/** Both run-stores: a token is made and completed at the one, and awaited at the other. */
let here: Clients;
let there: Clients;

beforeAll(async () => {
  cluster = await startCluster({ instances: { "run-store": 2 } });
});
beforeEach(() => {
  here = connectClients(cluster.url, cluster.apiKey);
  there = connectClients(cluster.member("run-store-2").address, cluster.apiKey);
  return () => {
    here.close();
    there.close();
  };
});
afterAll(() => cluster.end());

/** Awaits a token at the second run-store; resolves once it listens, with the answer to come. */
async function awaitThere(tokenId: string): Promise<{ readonly answer: Promise<AwaitedToken | undefined> }> {
  const call = there.waitpoints.awaitTokens();
  const answers = call.responses[Symbol.asyncIterator]();
  call.send({ tokenIds: [tokenId, "token_none"] });
  await answers.next();
  const answer = answers.next().then(({ value }) => {
    call.cancel();
    return value?.results[0];
  });
  return { answer };
}

async function createHere(timeoutMs?: number) {
  const timeout = timeoutMs === undefined ? {} : { timeout: durationFromMs(timeoutMs) };
  const { token, url } = await here.waitpoints.createToken(timeout);
  return { tokenId: token?.id ?? "", url };
}

const statusOf = (awaited: AwaitedToken | undefined) =>
  awaited?.result.case === "token" ? awaited.result.value.status : undefined;

test("a token completed by a bare POST at one run-store is told at the other at once", async () => {
  const { tokenId, url } = await createHere();
  const { answer } = await awaitThere(tokenId);
  expect(url.startsWith(`${cluster.httpUrl}/`)).toBe(true);
  const startMs = performance.now();
  expect((await fetch(url, { method: "POST", body: '{"approved":true}' })).status).toBe(200);
  expect(statusOf(await answer)).toBe(TokenStatus.COMPLETED);
  expect(performance.now() - startMs).toBeLessThan(5_000); // sooner than anybody looks by himself
});

test("a timeout comes when its time has come, whichever run-store the scheduler watches", async () => {
  const tokens = await Promise.all(
    [here, there].map(async (clients) => {
      const { token } = await clients.waitpoints.createToken({ timeout: durationFromMs(500) });
      return token?.id ?? "";
    }),
  );
  const answers = await Promise.all(tokens.map(awaitThere));
  for (const { answer } of answers) expect(statusOf(await answer)).toBe(TokenStatus.TIMED_OUT);
});

test("a timeout that passed while there was no scheduler comes with the next one", async () => {
  await cluster.kill("scheduler");
  const { tokenId } = await createHere(1);
  const { answer } = await awaitThere(tokenId);
  await cluster.start("scheduler");
  expect(statusOf(await answer)).toBe(TokenStatus.TIMED_OUT);
});

test("with nats-server down both are told within seconds (I9)", async () => {
  await cluster.stop("nats");
  const completed = await createHere();
  const timedOut = await createHere(500);
  const answers = await Promise.all([completed.tokenId, timedOut.tokenId].map(awaitThere));
  await here.waitpoints.completeToken({ tokenId: completed.tokenId });
  const statuses = await Promise.all(answers.map(async ({ answer }) => statusOf(await answer)));
  expect(statuses).toEqual([TokenStatus.COMPLETED, TokenStatus.TIMED_OUT]);
  await cluster.start("nats");
});

test("a run-store that is killed between the completion and the telling loses nothing", async () => {
  const { tokenId } = await createHere();
  const { answer } = await awaitThere(tokenId);
  const completing = here.waitpoints.completeToken({ tokenId }).catch(() => undefined);
  await cluster.kill("run-store");
  await completing;
  await cluster.start("run-store");
  await waitFor("the token to be completed", async () => {
    const { token } = await there.waitpoints.completeToken({ tokenId });
    return token?.status === TokenStatus.COMPLETED;
  });
  expect(statusOf(await answer)).toBe(TokenStatus.COMPLETED);
});
