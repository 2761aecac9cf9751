import { actingFor, createFakeClock } from "@windlass/chassis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { failureOf, reasonOf } from "../testing/failure-of.ts";
import {
  INTERNAL_TOKEN,
  startStoreServer,
  type StoreServer,
  type TestClients,
  type TestEnvironment,
} from "../testing/store-server.ts";

const clock = createFakeClock(Date.now());
let server: StoreServer;
let environment: TestEnvironment;
let supervisor: TestClients;

beforeAll(async () => {
  server = await startStoreServer({ clock });
  environment = await server.createEnvironment();
  supervisor = server.connect(INTERNAL_TOKEN);
});
afterAll(() => server.stop());

it("a supervisor that names an environment sees what its API key sees, and nothing of others", async () => {
  const { token } = await supervisor.tokens.createToken({}, { metadata: actingFor(environment.id) });
  const tokenId = token?.id ?? "";
  expect((await environment.tokens.getToken({ tokenId })).token?.id).toBe(tokenId);
  const other = await server.createEnvironment();
  const getAsOther = supervisor.tokens.getToken({ tokenId }, { metadata: actingFor(other.id) });
  expect(await reasonOf(getAsOther)).toBe("TOKEN_NOT_FOUND");
  expect((await supervisor.runs.listRuns({}, { metadata: actingFor(environment.id) })).runs).toEqual([]);
});

it("one that names none is no environment, and one that names what is none is told so", async () => {
  expect(await reasonOf(supervisor.tokens.listTokens({}))).toBe("NOT_PERMITTED");
  const failure = await failureOf(supervisor.tokens.listTokens({}, { metadata: actingFor("env_none") }));
  expect(failure.message).toBe("There is no environment env_none.");
});

it("may make neither environments, keys nor versions, nor read variables as an environment", async () => {
  const options = { metadata: actingFor(environment.id) };
  for (const call of [
    supervisor.environments.listVariables({}, options),
    supervisor.environments.createApiKey({ name: "mine" }, options),
    supervisor.deployments.listDeployments({}, options),
    supervisor.execution.getVariables({ environmentId: environment.id }, options),
  ])
    expect(await reasonOf(call)).toBe("NOT_PERMITTED");
});

it("an API key that names an environment is refused", async () => {
  const call = environment.runs.listRuns({}, { metadata: actingFor(environment.id) });
  expect(await reasonOf(call)).toBe("NOT_PERMITTED");
});

it("a stream that it opened stays open for as long as it waits", async () => {
  const { token } = await environment.tokens.createToken({});
  const tokenId = token?.id ?? "";
  const call = supervisor.tokens.awaitTokens({ metadata: actingFor(environment.id) });
  call.send({ tokenIds: [tokenId, "token_none"] });
  const answers = call.responses[Symbol.asyncIterator]();
  await answers.next();
  for (let confirmations = 0; confirmations < 3; confirmations += 1) await clock.advance(5_000);
  await environment.tokens.completeToken({ tokenId });
  expect((await answers.next()).value?.results[0]?.tokenId).toBe(tokenId);
  call.cancel();
});
