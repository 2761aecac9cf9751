import { deploy, ImportError } from "@windlass/sdk/build";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play } from "./harness/play.ts";

// lifecycle.md, section 3: an error thrown in init.ts, a task file, config.
const folder = tasksOf("import-errors");
let section: Section;

beforeAll(async () => {
  section = await openSection("import-errors", path.join(folder, "broken-later"), {
    variables: { BREAK_THE_IMPORT: "yes" },
  });
});

afterAll(() => section[Symbol.asyncDispose]());

async function refusalOf(name: string): Promise<ImportError> {
  const error: unknown = await deploy(path.join(folder, name)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ImportError);
  return error as ImportError;
}

describe("the version is unusable: TASK_IMPORT_ERROR at indexing", () => {
  test.for([
    ["init.ts", "broken-init", "init.ts"],
    ["a task file", "broken-task", "broken.ts"],
    ["config", "broken-config", "trigger.config.ts"],
  ] as const)("%s", async ([, name, file]) => {
    const error = await refusalOf(name);
    expect(error.message).toContain("TASK_IMPORT_ERROR");
    expect(error.message).toContain("broken on purpose");
    expect(error.message).toContain(file);
  });

  test("the same id in two files: both are named", async () => {
    const error = await refusalOf("same-id");
    expect(error.message).toContain('"twice"');
    expect(error.message).toContain("first.ts");
    expect(error.message).toContain("second.ts");
  });

  test("handleError and catchError are one hook: a task that has both is refused", async () => {
    const error = await refusalOf("both-handlers");
    expect(error.message).toContain("handleError");
    expect(error.message).toContain("catchError");
  });

  test("and the version before it stays the current one", async () => {
    await refusalOf("broken-task");
    const { deployment } = await section.api.deployments.getCurrentDeployment({});
    expect(deployment?.id).toBe(section.deploymentId);
  });
});

test("at run time: SYSTEM_FAILURE", async () => {
  const { run } = await play("breaks-later");
  expect(run).toMatchObject({ status: "SYSTEM_FAILURE", error: { code: "TASK_IMPORT_ERROR" } });
  expect(run.error?.message).toContain("broken on purpose");
});
