import { createFakeClock } from "@windlass/chassis";
import { expect, it } from "vitest";
import { createApiKeyLookup } from "./api-key-lookup.ts";
import { hashSecret } from "./api-key.ts";

const KEY = hashSecret("key");

function lookupOf(environments: Map<string, string>) {
  const clock = createFakeClock();
  const asked: string[] = [];
  const lookup = createApiKeyLookup({
    clock,
    find: (hash) => {
      asked.push(hash.toString("hex"));
      return Promise.resolve(environments.get(hash.toString("hex")));
    },
  });
  return { clock, lookup, asked };
}

it("asks once for calls that come together, and then not for some seconds", async () => {
  const { clock, lookup, asked } = lookupOf(new Map([[KEY.toString("hex"), "env_1"]]));
  expect(await Promise.all([lookup.findEnvironmentId(KEY), lookup.findEnvironmentId(KEY)])).toEqual(["env_1", "env_1"]);
  await clock.advance(3_999);
  await lookup.findEnvironmentId(KEY);
  expect(asked).toHaveLength(1);
  await clock.advance(1);
  await lookup.findEnvironmentId(KEY);
  expect(asked).toHaveLength(2);
});

it("remembers an unknown key for a second only", async () => {
  const environments = new Map<string, string>();
  const { clock, lookup, asked } = lookupOf(environments);
  expect(await lookup.findEnvironmentId(KEY)).toBeUndefined();
  environments.set(KEY.toString("hex"), "env_1");
  expect(await lookup.findEnvironmentId(KEY)).toBeUndefined();
  expect(asked).toHaveLength(1);
  await clock.advance(1_000);
  expect(await lookup.findEnvironmentId(KEY)).toBe("env_1");
});

it("asks again after a failure", async () => {
  let isDown = true;
  const lookup = createApiKeyLookup({
    clock: createFakeClock(),
    find: () => (isDown ? Promise.reject(new Error("down")) : Promise.resolve("env_1")),
  });
  await expect(lookup.findEnvironmentId(KEY)).rejects.toThrow("down");
  isDown = false;
  expect(await lookup.findEnvironmentId(KEY)).toBe("env_1");
});

it("does not remember what was read before a key was forgotten", async () => {
  const reading = Promise.withResolvers<string | undefined>();
  const answers = [reading.promise, Promise.resolve(undefined)];
  const lookup = createApiKeyLookup({
    clock: createFakeClock(),
    find: () => answers.shift() ?? Promise.resolve("late"),
  });
  const early = lookup.findEnvironmentId(KEY);
  lookup.forget(KEY);
  const later = lookup.findEnvironmentId(KEY);
  reading.resolve("env_1");
  expect(await early).toBe("env_1");
  expect(await later).toBeUndefined();
  expect(await lookup.findEnvironmentId(KEY)).toBeUndefined();
});

it("keeps known keys however much junk is tried, and not without limit", async () => {
  const { lookup, asked } = lookupOf(new Map([[KEY.toString("hex"), "env_1"]]));
  await lookup.findEnvironmentId(KEY);
  for (let index = 0; index < 5_000; index += 1) await lookup.findEnvironmentId(hashSecret(`junk ${index}`));
  asked.length = 0;
  await lookup.findEnvironmentId(KEY);
  expect(asked).toHaveLength(0);
  await lookup.findEnvironmentId(hashSecret("junk 0"));
  expect(asked).toHaveLength(1);
});
