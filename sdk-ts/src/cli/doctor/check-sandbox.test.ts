import { expect, it } from "vitest";
import { checkSandbox } from "./check-sandbox.ts";

it("tells how tasks are confined where they run", () => {
  expect(checkSandbox({ runsc: 2 }, "PRODUCTION")).toMatchObject([
    { status: "ok", found: "tasks run in containers with a kernel of their own (gVisor) on 2 supervisors" },
  ]);
});

it("warns of supervisors that do not confine them, except where one develops", () => {
  const supervisors = { process: 1, runc: 1 };
  expect(checkSandbox(supervisors, "PRODUCTION")).toMatchObject([
    { status: "warning", mend: expect.stringContaining("WINDLASS_REQUIRE_TIER") },
  ]);
  expect(checkSandbox(supervisors, "DEVELOPMENT")).toMatchObject([{ status: "ok" }]);
});

it("says nothing where no supervisor is", () => {
  expect(checkSandbox({}, "PRODUCTION")).toEqual([]);
});
