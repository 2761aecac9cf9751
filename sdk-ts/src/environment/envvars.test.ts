import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { close, configure, envvars } from "../index.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY });
});

afterEach(async () => {
  await close();
  cluster.kill();
});

describe("envvars", () => {
  it("create sets one over what is there; it is a secret unless told otherwise, and stays what it is", async () => {
    expect(await envvars.create({ name: "TOKEN", value: "abc" })).toEqual({ success: true });
    await envvars.create({ name: "REGION", value: "eu", isSecret: false });
    await envvars.create({ name: "REGION", value: "us" });
    expect(await envvars.retrieve("TOKEN")).toEqual({ name: "TOKEN", value: "abc", isSecret: true });
    expect(await envvars.retrieve("REGION")).toEqual({ name: "REGION", value: "us", isSecret: false });
  });

  it("list has all by name, without the values of secrets", async () => {
    await envvars.upload({ variables: { TOKEN: "abc", KEY: "def" } });
    await envvars.create({ name: "REGION", value: "eu", isSecret: false });
    expect(await envvars.list()).toEqual([
      { name: "KEY", value: "<redacted>", isSecret: true },
      { name: "REGION", value: "eu", isSecret: false },
      { name: "TOKEN", value: "<redacted>", isSecret: true },
    ]);
  });

  it("update changes one that is there; retrieve and update of another are VARIABLE_NOT_FOUND; del passes it over", async () => {
    await envvars.create({ name: "TOKEN", value: "abc" });
    await envvars.update("TOKEN", { value: "def", isSecret: false });
    expect(await envvars.retrieve("TOKEN")).toEqual({ name: "TOKEN", value: "def", isSecret: false });
    expect(await envvars.del("TOKEN")).toEqual({ success: true });
    expect(await envvars.del("TOKEN")).toEqual({ success: true });
    await expect(envvars.retrieve("TOKEN")).rejects.toMatchObject({ reason: "VARIABLE_NOT_FOUND" });
    await expect(envvars.update("TOKEN", { value: "x" })).rejects.toMatchObject({ reason: "VARIABLE_NOT_FOUND" });
  });

  it("upload sets all or none: over those that are there only with override", async () => {
    await envvars.upload({ variables: { A: "1", B: "2" } });
    const again = envvars.upload({ variables: { B: "3", C: "3" } });
    await expect(again).rejects.toMatchObject({ reason: "VARIABLE_EXISTS" });
    expect(cluster.environment.variables).toEqual({ A: "1", B: "2" });
    await envvars.upload({ variables: { B: "3", C: "3" }, override: true });
    expect(cluster.environment.variables).toEqual({ A: "1", B: "3", C: "3" });
  });

  it("may be given project and environment, if they are the API key's", async () => {
    await envvars.create("proj", "dev", { name: "TOKEN", value: "abc" });
    expect(await envvars.retrieve("proj", "dev", "TOKEN")).toMatchObject({ value: "abc" });
    await envvars.update("proj", "dev", "TOKEN", { value: "def" });
    await envvars.upload("proj", "dev", { variables: { OTHER: "1" } });
    expect(await envvars.list("proj", "dev")).toHaveLength(2);
    await envvars.del("proj", "dev", "TOKEN");
    for (const [project, slug, field] of [
      ["proj", "prod", "slug"],
      ["other", "dev", "projectRef"],
    ] as const) {
      const wrong = envvars.create(project, slug, { name: "TOKEN", value: "abc" });
      await expect(wrong).rejects.toMatchObject({ reason: "FIELD_INVALID", violations: [{ field }] });
    }
    expect(cluster.environment.variables).toEqual({ OTHER: "1" });
  });

  it("refuses what it would not look at, and never repeats a value", async () => {
    const refused = async (call: Promise<unknown>, message: string) => {
      const error = await call.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ reason: "FIELD_INVALID", message: expect.stringContaining(message) });
      expect(String(error)).not.toContain("12345");
    };
    await refused(envvars.upload({ variables: {}, parentVariables: {} } as never), "options.parentVariables");
    await refused(envvars.upload({ variables: { PORT: 12_345 } } as never), "variables.PORT must be a string");
    await refused(envvars.create({ name: "A", value: "b", isSecret: "yes" } as never), "isSecret");
    await refused(envvars.create({ name: "A", value: 12_345 } as never), "value must be a string");
    await refused(envvars.retrieve(...(["A", {}] as unknown as [string])), "arguments");
    await refused(envvars.retrieve(undefined as never), "name must be a string");
  });
});
