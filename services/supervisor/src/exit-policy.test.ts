import { AttemptOutcome, RunErrorCode } from "@windlass/proto";
import { expect, it } from "vitest";
import { defaultMachine } from "./driver/machine.ts";
import { classifyExit } from "./exit-policy.ts";

const classify = (exit: { exitCode?: number; signal?: string; output?: string }) =>
  classifyExit({ wasKilled: false, output: "", ...exit }, defaultMachine);

it("tells a full heap from every other abort, and leaves it to the stored policy whether it is repeated on a larger machine", () => {
  const output = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory";
  for (const how of [{ exitCode: 134 }, { signal: "SIGABRT" }, { signal: "SIGTRAP" }]) {
    const end = classify({ ...how, output });
    expect(end).toMatchObject({ outcome: AttemptOutcome.CRASHED, retry: "by-policy" });
    expect(end.error).toMatchObject({ code: RunErrorCode.OUT_OF_MEMORY, message: expect.stringContaining("512 MB") });
  }
  expect(classify({ signal: "SIGABRT" }).error.code).toBe(RunErrorCode.PROCESS_SIGNALED);
  expect(classify({ exitCode: 1, output }).error.code).toBe(RunErrorCode.PROCESS_EXITED);
});

it("names signal or exit code, says what can be done, and quotes the end of the output", () => {
  const killed = classify({ signal: "SIGKILL" });
  expect(killed).toMatchObject({ outcome: AttemptOutcome.CRASHED, retry: "by-policy" });
  expect(killed.error).toMatchObject({
    code: RunErrorCode.PROCESS_SIGNALED,
    message: "The worker process was ended by SIGKILL.",
    hint: expect.stringContaining("memory"),
  });
  const exited = classify({ exitCode: 3, output: `${"x".repeat(5_000)}the end` });
  expect(exited.error).toMatchObject({ code: RunErrorCode.PROCESS_EXITED, message: expect.stringContaining("code 3") });
  const fields = JSON.parse(exited.error.fieldsJson) as { exitCode: number; output: string };
  expect(fields.exitCode).toBe(3);
  expect(fields.output).toHaveLength(2_000);
  expect(fields.output.endsWith("the end")).toBe(true);
});
