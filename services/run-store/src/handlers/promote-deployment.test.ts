import { create } from "@bufbuild/protobuf";
import { type DueItem, type QueueSettings, TaskDefinitionSchema } from "@windlass/proto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureOf, reasonOf } from "../testing/failure-of.ts";
import { startStoreServer, type StoreServer, type TestEnvironment } from "../testing/store-server.ts";
import { deploy, each, taskDefinition, type UploadMessage, uploadMessages } from "../testing/upload.ts";

let server: StoreServer;
let environment: TestEnvironment;

beforeAll(async () => {
  server = await startStoreServer();
});
beforeEach(async () => {
  environment = await server.createEnvironment();
});
afterAll(() => server.stop());

/** Deploys so many versions, one after the other; gives their names, oldest first. */
async function versions(count: 1 | 2 | 3): Promise<[string, string, string]> {
  const names: [string, string, string] = ["", "", ""];
  for (let nth = 0; nth < count; nth += 1) names[nth] = (await deploy(environment, `${environment.id} ${nth}`)).version;
  return names;
}

const current = async () => (await environment.deployments.getCurrentDeployment({})).deployment?.version;
const promote = async (version: string) => (await environment.deployments.promoteDeployment({ version })).deployment;
const rollBack = async (fromVersion: string, version = "") =>
  (await environment.deployments.rollbackDeployment({ fromVersion, version })).deployment?.version;

describe("PromoteDeployment", () => {
  it("makes any stored version current, older or newer, and has the runs that waited for it queued", async () => {
    const [first, second] = await versions(2);
    server.promoted.length = 0;
    expect(await promote(first)).toMatchObject({ version: first, isCurrent: true, tasks: [{ id: "hello" }] });
    expect(await current()).toBe(first);
    expect(server.promoted).toEqual([environment.id]);
    expect(await promote(second)).toMatchObject({ version: second, isCurrent: true, replacedVersion: first });
    expect(await current()).toBe(second);
  });

  it("of the current version changes nothing, however often", async () => {
    const [, second] = await versions(2);
    const before = await environment.deployments.listDeployments({});
    await Promise.all([promote(second), promote(second), promote(second)]);
    expect(await environment.deployments.listDeployments({})).toEqual(before);
  });

  it("knows neither what does not exist nor what belongs to another environment", async () => {
    const [version] = await versions(1);
    const stranger = await server.createEnvironment();
    expect(await reasonOf(stranger.deployments.promoteDeployment({ version }))).toBe("DEPLOYMENT_NOT_FOUND");
    expect(await reasonOf(promote("20260101.99"))).toBe("DEPLOYMENT_NOT_FOUND");
    expect(await reasonOf(promote(""))).toBe("FIELD_INVALID");
    expect(await current()).toBe(version);
  });
});

describe("RollbackDeployment", () => {
  it("goes back step by step, to what each version replaced", async () => {
    const [first, second, third] = await versions(3);
    expect(await rollBack(third)).toBe(second);
    expect(await rollBack(second)).toBe(first);
    expect(await current()).toBe(first);
    const failure = await failureOf(rollBack(first));
    expect(failure.message).toBe(`The version ${first} replaced none; there is nothing to go back to.`);
    expect(await current()).toBe(first);
  });

  it("never leads to a version that was rolled back from: what is deployed afterwards replaced the one before it", async () => {
    const [first, bad] = await versions(2);
    await rollBack(bad);
    const third = await deploy(environment, "the next try");
    expect(third.replacedVersion).toBe(first);
    expect(await rollBack(third.version)).toBe(first);
  });

  it("can be told how far", async () => {
    const [first, second, third] = await versions(3);
    expect(await rollBack(third, first)).toBe(first);
    expect((await failureOf(rollBack(first, second))).violations).toEqual([
      { field: "version", description: `must not be newer than ${first}; PromoteDeployment takes any.` },
    ]);
    expect(await rollBack(first, first)).toBe(first);
  });

  it("that is repeated, or asked for by several at once, goes back once", async () => {
    const [, second, third] = await versions(3);
    expect(await Promise.all([1, 2, 3, 4].map(() => rollBack(third)))).toEqual([second, second, second, second]);
    expect(await current()).toBe(second);
  });

  it("changes nothing when another version has become current meanwhile", async () => {
    const [, second] = await versions(2);
    const fix = await deploy(environment, "a fix");
    const failure = await failureOf(rollBack(second));
    expect(failure.message).toBe(`The version ${second} is not current, ${fix.version} is; nothing was changed.`);
    expect(await reasonOf(rollBack(second))).toBe("DEPLOYMENT_NOT_CURRENT");
    expect(await current()).toBe(fix.version);
  });

  it("needs to know which version to leave", async () => {
    await versions(2);
    expect((await failureOf(rollBack(""))).violations).toMatchObject([{ field: "from_version" }]);
    expect(await reasonOf(rollBack("20260101.99"))).toBe("DEPLOYMENT_NOT_FOUND");
  });
});

describe("after a rollback", () => {
  it("a deployment gets a number and a place after all versions, and code that was left can be deployed again", async () => {
    const content = "the code that was left";
    await versions(1);
    const left = await deploy(environment, content);
    await rollBack(left.version);
    const again = await deploy(environment, content);
    expect(again.version).not.toBe(left.version);
    const { deployments } = await environment.deployments.listDeployments({});
    expect(deployments.map(({ version, isCurrent }) => [version, isCurrent]).slice(0, 2)).toEqual([
      [again.version, true],
      [left.version, false],
    ]);
  });

  it("and deployments at the same moment, each is done in its turn, and one version is current", async () => {
    const [first, second] = await versions(2);
    const outcomes = await Promise.allSettled([
      ...Array.from({ length: 6 }, (_, nth) => deploy(environment, `${environment.id} at once ${nth}`)),
      rollBack(second),
      promote(first),
      promote(second),
    ]);
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused.length).toBeLessThanOrEqual(1); // The rollback, when a deployment was before it.
    const { deployments } = await environment.deployments.listDeployments({});
    expect(deployments).toHaveLength(8);
    expect(new Set(deployments.map(({ version }) => version)).size).toBe(8);
    expect(deployments.filter(({ isCurrent }) => isCurrent)).toHaveLength(1);
  });
});

describe("what follows the current version, follows it both ways:", () => {
  const tasks = (limit: number | undefined, expression: string | undefined): UploadMessage[] => {
    const [header, ...chunks] = uploadMessages(Buffer.from(`${environment.id} ${limit} ${expression}`));
    if (header?.part?.case !== "header") throw new Error("an upload begins with its header");
    const definitions = [
      Object.assign(
        create(
          TaskDefinitionSchema,
          taskDefinition("report", undefined, expression === undefined ? undefined : { expression }),
        ),
        limit === undefined ? {} : { queueConcurrencyLimit: limit },
      ),
    ];
    return [{ part: { case: "header", value: { ...header.part.value, tasks: definitions } } }, ...chunks];
  };
  const deployTasks = async (limit: number | undefined, expression: string | undefined) =>
    (await environment.deployments.createDeployment(each(tasks(limit, expression)))).deployment?.version ?? "";

  it("the settings of queues, of which their owner is told", async () => {
    const told: QueueSettings[] = [];
    const first = await deployTasks(1, undefined);
    const second = await deployTasks(5, undefined);
    const third = await deployTasks(undefined, undefined);
    const limit = async () =>
      (await environment.queues.getQueue({ name: "task/report" })).queue?.declaredConcurrencyLimit;
    expect(await limit()).toBeUndefined();
    const stopListening = server.feed.queueSettings.listen((changes) => {
      for (const change of changes) if (change.$typeName === "windlass.internal.v1.QueueSettings") told.push(change);
    });
    await rollBack(third);
    expect(await limit()).toBe(5);
    await rollBack(second);
    expect(await limit()).toBe(1);
    await promote(third);
    expect(await limit()).toBeUndefined();
    await promote(first);
    expect(told.map(({ concurrencyLimit }) => concurrencyLimit)).toEqual([5, 1, undefined, 1]);
    stopListening();
  });

  it("declared schedules, of whose next ticks the scheduler is told", async () => {
    const due: DueItem[] = [];
    const first = await deployTasks(undefined, "0 3 * * *");
    const second = await deployTasks(undefined, "0 4 * * *");
    const third = await deployTasks(undefined, undefined);
    const schedule = async () => {
      const [found] = (await environment.schedules.listSchedules({})).schedules;
      return { cron: found?.cron?.expression, ticks: found?.nextTime !== undefined };
    };
    expect(await schedule()).toEqual({ cron: "0 4 * * *", ticks: false });
    const stopListening = server.feed.due.listen((items) => due.push(...items));
    await rollBack(third);
    expect(await schedule()).toEqual({ cron: "0 4 * * *", ticks: true });
    await rollBack(second);
    expect(await schedule()).toEqual({ cron: "0 3 * * *", ticks: true });
    expect(due).toHaveLength(2);
    await promote(third);
    expect(await schedule()).toEqual({ cron: "0 3 * * *", ticks: false });
    await promote(first);
    expect(await schedule()).toEqual({ cron: "0 3 * * *", ticks: true });
    stopListening();
  });
});
