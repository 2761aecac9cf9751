import { parseConfig } from "@windlass/chassis";
import { expect, it, onTestFinished } from "vitest";
import { supervisorVariables } from "./config.ts";
import { machinePresets } from "./driver/machine.ts";
import { makeLease } from "./testing/make-lease.ts";
import { testToken } from "./testing/start-peer.ts";
import { startSupervisor } from "./testing/start-supervisor.ts";

it("a supervisor offers the machines of WINDLASS_MACHINES, and gives back a lease of another unstarted", async () => {
  const supervisor = await startSupervisor([], { WINDLASS_MACHINES: "micro, small-1x" });
  onTestFinished(() => supervisor.stop());
  expect(supervisor.queue.machines()).toEqual(["micro", "small-1x"]);
  const lease = makeLease({ machine: "large-1x" });
  supervisor.queue.force(lease);
  const row = supervisor.store.row(lease.ref?.leaseToken ?? "");
  await supervisor.store.until(() => row.isReleased);
  expect(row.finish).toBeUndefined();
});

it("a supervisor offers all machines unless told otherwise, and refuses to start with one that does not exist", () => {
  const machinesOf = (text: string) =>
    parseConfig(supervisorVariables, { WINDLASS_INTERNAL_TOKEN: testToken, WINDLASS_MACHINES: text }).WINDLASS_MACHINES;
  expect(machinesOf("")).toEqual(machinePresets);
  expect(machinesOf("large-2x")).toEqual(["large-2x"]);
  for (const text of ["huge", "micro,micro", ","]) expect(() => machinesOf(text)).toThrow("WINDLASS_MACHINES");
});
