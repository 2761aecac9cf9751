import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";
import { EXIT } from "./exit-code.ts";
import { type CliResult, runInProcess } from "./testing/run-in-process.ts";

let cluster: TestCluster;
let folder: string;

beforeEach(async () => {
  cluster = await TestCluster.start();
  folder = await mkdtemp(join(tmpdir(), "windlass-env-"));
});

afterEach(async () => {
  cluster.kill();
  await rm(folder, { recursive: true });
});

function env(args: string[], stdin = ""): Promise<CliResult> {
  return runInProcess(["env", ...args, "--url", cluster.url, "--api-key", API_KEY], { stdin });
}

describe("windlass env", () => {
  it("prints values only when asked for them", async () => {
    const texts: string[] = [];
    const collect = async (...args: Parameters<typeof env>) => {
      const { stdout, stderr, exitCode } = await env(...args);
      texts.push(stdout, stderr);
      expect(exitCode).toBe(EXIT.ok);
    };
    await collect(["set", "TOKEN=s3cret-value", "REGION=s3cret-region"]);
    await collect(["set", "PIECE", "--stdin"], "s3cret-piece\n");
    await collect(["import", "-"], "FILED='s3cret-file'\n");
    await collect(["list"]);
    await collect(["list", "--json"]);
    await collect(["unset", "REGION"]);
    expect(texts.join("")).not.toContain("s3cret");
    expect((await env(["list", "--values"])).stdout).toMatch(
      /^FILED +secret +s3cret-file\nPIECE +secret +s3cret-piece\n/,
    );
    expect((await env(["get", "TOKEN"])).stdout).toBe("s3cret-value\n");
    expect((await env(["get", "TOKEN", "--json"])).json()).toEqual({
      name: "TOKEN",
      value: "s3cret-value",
      isSecret: true,
    });
  });

  it("does not repeat what was given in the wrong place", async () => {
    for (const args of [
      ["set", "s3cret-value"],
      ["set", "NAME=s3cret-value", "--stdin"],
    ]) {
      const { exitCode, stdout, stderr } = await env(args);
      expect(exitCode).toBe(EXIT.wrongRequest);
      expect(stdout + stderr).not.toContain("s3cret");
    }
  });

  it("sets secrets unless told; --plain and --secret change what they are", async () => {
    await env(["set", "A=1", "B=2"]);
    await env(["set", "B=2", "--plain"]);
    await env(["set", "B=3"]);
    expect((await env(["list"])).stdout).toBe("A  secret\nB  plain\n");
    await env(["set", "B=3", "--secret"]);
    expect((await env(["list"])).stdout).toBe("A  secret\nB  secret\n");
  });

  it("imports a file over what is there, or with --only-new nothing of it when one is", async () => {
    const file = join(folder, ".env");
    await writeFile(file, '# comment\nA="1 2"\nB=two\n');
    await env(["set", "B=before"]);
    const refused = await env(["import", file, "--only-new", "--json"]);
    expect([refused.exitCode, refused.json()]).toMatchObject([
      EXIT.wrongRequest,
      { error: { reason: "VARIABLE_EXISTS" } },
    ]);
    expect(cluster.environment.variables).toEqual({ B: "before" });
    expect((await env(["import", file, "--json"])).json()).toEqual({ set: ["A", "B"] });
    expect(cluster.environment.variables).toEqual({ A: "1 2", B: "two" });
  });

  it("get of a variable that is not there is a wrong request", async () => {
    const { exitCode, stderr } = await env(["get", "NOWHERE"]);
    expect([exitCode, stderr]).toEqual([EXIT.wrongRequest, expect.stringContaining("no variable NOWHERE")]);
  });
});
