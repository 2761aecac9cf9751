import { createHash, randomBytes } from "node:crypto";
import { createFakeClock } from "@windlass/chassis";
import type { Deployment } from "@windlass/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureOf, reasonOf } from "../testing/failure-of.ts";
import { INTERNAL_TOKEN, startStoreServer, type StoreServer, type TestEnvironment } from "../testing/store-server.ts";
import { deploy, each, taskDefinition, type UploadMessage, uploadMessages } from "../testing/upload.ts";
import { MAX_BUNDLE_BYTES } from "../validation/deployment-requests.ts";

const MB = 1024 * 1024;
const clock = createFakeClock(Date.now());
let server: StoreServer;
let environment: TestEnvironment;

beforeAll(async () => {
  server = await startStoreServer({ clock });
});
afterAll(() => server.stop());

async function stored(): Promise<{ bundles: number; deployments: number; tasks: number }> {
  const [row] = await server.postgres.query<{ bundles: number; deployments: number; tasks: number }>({
    name: "",
    text: `SELECT (SELECT count(*)::int4 FROM bundles) AS bundles, (SELECT count(*)::int4 FROM deployments) AS deployments,
      (SELECT count(*)::int4 FROM deployment_tasks) AS tasks`,
  });
  if (row === undefined) throw new Error("no row");
  return row;
}

const upload = (messages: Iterable<UploadMessage>) => environment.deployments.createDeployment(each(messages));
const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

async function download(bundleHash: string): Promise<{ content: Buffer; largest: number }> {
  const chunks = await Array.fromAsync(server.connect(INTERNAL_TOKEN).execution.getBundle({ bundleHash }));
  return {
    content: Buffer.concat(chunks.map(({ chunk }) => chunk)),
    largest: Math.max(...chunks.map(({ chunk }) => chunk.byteLength)),
  };
}

describe("an upload", () => {
  beforeAll(async () => {
    environment = await server.createEnvironment();
  });

  it("becomes the current version and can be read back in pieces", async () => {
    expect(await reasonOf(environment.deployments.getCurrentDeployment({}))).toBe("DEPLOYMENT_NOT_FOUND");
    const content = randomBytes(2 * MB + 123);
    const deployment = await deploy(environment, content, ["b", "a"]);
    const today = new Date().toISOString().slice(0, 10).replaceAll("-", "");
    expect(deployment).toMatchObject({ version: `${today}.1`, bundleHash: sha256(content), isCurrent: true });
    expect(deployment.id).toMatch(/^dep_[0-9a-z]{26}$/);
    expect(deployment.tasks.map(({ id, queue, filePath }) => [id, queue, filePath])).toEqual([
      ["a", "task/a", "src/a.ts"],
      ["b", "task/b", "src/b.ts"],
    ]);
    expect(deployment.tasks[0]?.retry).toMatchObject(taskDefinition("a").retry ?? {});
    expect((await environment.deployments.getCurrentDeployment({})).deployment).toEqual(deployment);
    expect(server.promoted.at(-1)).toBe(environment.id);

    const bundle = await download(deployment.bundleHash);
    expect(bundle.content.equals(content)).toBe(true);
    expect(bundle.largest).toBe(MB);
  });

  it("keeps what tasks say of their payloads; another schema is another version", async () => {
    const store = async (payloadSchemaJson: string): Promise<Deployment | undefined> => {
      const [header, ...chunks] = uploadMessages(Buffer.from("with schemas"));
      if (header?.part?.case !== "header") throw new Error("the first message is no header");
      const tasks = [{ ...taskDefinition("described"), payloadSchemaJson }, taskDefinition("untold")];
      const { bundleHash, bundleSize } = header.part.value;
      const first: UploadMessage = {
        part: { case: "header", value: { bundleHash: bundleHash ?? "", bundleSize: bundleSize ?? 0n, tasks } },
      };
      const { deployment } = await upload([first, ...chunks]);
      return deployment;
    };
    const first = await store('{"type":"object","description":"Ω\\u0000"}');
    expect(first?.tasks.map(({ payloadSchemaJson }) => payloadSchemaJson)).toEqual([
      '{"type":"object","description":"Ω\\u0000"}',
      "",
    ]);
    expect((await environment.deployments.getCurrentDeployment({})).deployment).toEqual(first);
    const { deployments } = await environment.deployments.listDeployments({ pageSize: 1 });
    expect(deployments).toEqual([first]);
    expect((await store('{"type":"object"}'))?.id).not.toBe(first?.id);
  });

  it("that is repeated changes nothing", async () => {
    const content = randomBytes(1000);
    const first = await deploy(environment, content, ["one", "two"]);
    const before = await stored();
    expect(await deploy(environment, content, ["two", "one"])).toEqual(first);
    expect(await stored()).toEqual(before);
  });

  it("with another index or bundle is a new version, and an old bundle is not stored again", async () => {
    const content = randomBytes(1000);
    const first = await deploy(environment, content, ["one"]);
    const second = await deploy(environment, content, ["one", "two"]);
    const third = await deploy(environment, content, ["one"]);
    const counters = [first, second, third].map(({ version }) => Number(version.split(".")[1]));
    expect(counters).toEqual([counters[0], (counters[0] ?? 0) + 1, (counters[0] ?? 0) + 2]);
    expect(new Set([first, second, third].map(({ bundleHash }) => bundleHash)).size).toBe(1);
    expect((await environment.deployments.getCurrentDeployment({})).deployment?.id).toBe(third.id);
  });

  it("shares its bundle with every environment that uploads the same bytes", async () => {
    const content = randomBytes(5000);
    const before = await stored();
    const other = await server.createEnvironment();
    const [one, two] = await Promise.all([deploy(environment, content), deploy(other, content)]);
    expect(one.bundleHash).toBe(two.bundleHash);
    expect((await stored()).bundles).toBe(before.bundles + 1);
  });

  it("gets a version of its own however many come at once", async () => {
    const deployments = await Promise.all(
      Array.from({ length: 8 }, (_, index) => deploy(environment, `bundle ${index}`)),
    );
    expect(new Set(deployments.map(({ version }) => version)).size).toBe(8);
    const listed = (await environment.deployments.listDeployments({ pageSize: 8 })).deployments;
    expect(listed.filter(({ isCurrent }) => isCurrent).map(({ id }) => id)).toEqual([listed[0]?.id]);
    const counters = listed.map(({ version }) => Number(version.split(".")[1]));
    expect(counters).toEqual(counters.toSorted((a, b) => b - a));
  });

  it("of equal content is one version, also when it comes twice at once", async () => {
    const content = randomBytes(100);
    const deployments = await Promise.all([1, 2, 3].map(() => deploy(environment, content)));
    expect(new Set(deployments.map(({ id }) => id)).size).toBe(1);
  });
});

describe("an upload that is not what it says", () => {
  const content = randomBytes(1.5 * MB);
  const [header, first, second] = uploadMessages(content) as [UploadMessage, UploadMessage, UploadMessage];
  const chunk = (bytes: Uint8Array): UploadMessage => ({ part: { case: "chunk", value: bytes } });
  const announced = (change: object): UploadMessage => {
    const value = header.part?.case === "header" ? header.part.value : {};
    return { part: { case: "header", value: { ...value, ...change } } };
  };

  beforeAll(async () => {
    environment = await server.createEnvironment();
  });

  it.each<[string, UploadMessage[], string]>([
    ["without header", [first, second], "FIELD_INVALID"],
    ["with nothing at all", [], "FIELD_INVALID"],
    ["with an empty message", [{}], "FIELD_INVALID"],
    ["with two headers", [header, header, first, second], "FIELD_INVALID"],
    ["with an empty message among the chunks", [header, first, {}, second], "FIELD_INVALID"],
    ["with an empty chunk", [header, chunk(new Uint8Array(0)), first, second], "FIELD_INVALID"],
    ["with too large a chunk", [header, chunk(new Uint8Array(MB + 1))], "FIELD_INVALID"],
    ["with too large a bundle", [announced({ bundleSize: BigInt(MAX_BUNDLE_BYTES) + 1n })], "FIELD_INVALID"],
    ["with a negative size", [announced({ bundleSize: -5n })], "FIELD_INVALID"],
    ["that ends early", [header, first], "BUNDLE_CORRUPT"],
    ["that goes on", [header, first, second, chunk(new Uint8Array(1))], "BUNDLE_CORRUPT"],
    ["with other bytes", [header, first, chunk(randomBytes(MB / 2))], "BUNDLE_CORRUPT"],
    ["with another hash", [announced({ bundleHash: "0".repeat(64) }), first, second], "BUNDLE_CORRUPT"],
    [
      "with two tasks of one id",
      [announced({ tasks: [taskDefinition("a"), taskDefinition("a", "src/b.ts")] }), first, second],
      "FIELD_INVALID",
    ],
  ])("%s is refused and leaves nothing", async (_, messages, reason) => {
    const before = await stored();
    expect(await reasonOf(upload(messages))).toBe(reason);
    expect(await stored()).toEqual(before);
  });

  it("is told which files define one id", async () => {
    const tasks = [taskDefinition("a"), taskDefinition("a", "src/b.ts")];
    expect((await failureOf(upload([announced({ tasks })]))).violations).toEqual([
      { field: "header.tasks[1].id", description: 'must be unique; "a" is defined in "src/a.ts" and in "src/b.ts".' },
    ]);
  });

  it("or is cut in the middle leaves nothing, and its memory is free again", async () => {
    const before = await stored();
    for (let round = 0; round < 3; round += 1) {
      const hangUp = new AbortController();
      const large = announced({ bundleSize: BigInt(MAX_BUNDLE_BYTES) });
      const cut = environment.deployments.createDeployment(
        (async function* messages() {
          yield large;
          yield first;
          hangUp.abort();
          yield first;
        })(),
        { signal: hangUp.signal },
      );
      expect(await reasonOf(cut)).toBe("CALL_ENDED");
    }
    expect(await stored()).toEqual(before);
    await deploy(environment, content);
  });

  it("or stands still is ended, and uploads beyond the memory for them are told to come back", async () => {
    const large = announced({ bundleSize: BigInt(MAX_BUNDLE_BYTES) });
    const stalled = [1, 2].map(() => {
      const more = Promise.withResolvers<void>();
      const call = environment.deployments.createDeployment(
        (async function* messages() {
          yield large;
          await more.promise;
        })(),
      );
      return { reason: reasonOf(call), end: more.resolve };
    });
    // Each upload has a timer for the next message and one for its key.
    await clock.timersPending(4);
    expect(await reasonOf(upload([large]))).toBe("OVERLOADED");
    await clock.advance(30_000);
    for (const { reason, end } of stalled) {
      expect(await reason).toBe("CALL_ENDED");
      end();
    }
    await deploy(environment, "after all that");
  });
});

describe("the list of deployments", () => {
  it("is paged newest first, and knows nothing of other environments", async () => {
    environment = await server.createEnvironment();
    const other = await server.createEnvironment();
    await deploy(other, "another environment's");
    const made = [];
    for (let index = 0; index < 5; index += 1) made.unshift((await deploy(environment, `bundle ${index}`)).id);

    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await environment.deployments.listDeployments({ pageSize: 2, pageToken });
      expect(page.deployments.length).toBeLessThanOrEqual(2);
      seen.push(...page.deployments.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual(made);
    expect(await reasonOf(environment.deployments.listDeployments({ pageToken: "made up" }))).toBe("FIELD_INVALID");
  });

  it("ends a page before its tasks exceed a message", async () => {
    environment = await server.createEnvironment();
    const names = (round: number) => Array.from({ length: 4000 }, (_, index) => `${round}-${index}-${"x".repeat(200)}`);
    for (let round = 0; round < 4; round += 1) await deploy(environment, `bundle ${round}`, names(round));
    const first = await environment.deployments.listDeployments({});
    expect(first.deployments.length).toBeLessThan(4);
    expect(first.deployments.length).toBeGreaterThan(0);
    const rest = await environment.deployments.listDeployments({ pageToken: first.nextPageToken });
    expect(rest.deployments[0]?.tasks).toHaveLength(4000);
  });
});

it("a bundle that nobody uploaded is DEPLOYMENT_NOT_FOUND, and a hash that is none FIELD_INVALID", async () => {
  const { execution } = server.connect(INTERNAL_TOKEN);
  expect(await reasonOf(execution.getBundle({ bundleHash: "0".repeat(64) }))).toBe("DEPLOYMENT_NOT_FOUND");
  expect(await reasonOf(execution.getBundle({ bundleHash: "../../etc" }))).toBe("FIELD_INVALID");
});
