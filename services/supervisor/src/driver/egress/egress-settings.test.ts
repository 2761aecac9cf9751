import { expect, test } from "vitest";
import { type EgressVariables, egressOf } from "./egress-settings.ts";

const settings = (changes: Partial<EgressVariables>): EgressVariables => ({
  WINDLASS_DRIVER: "runc",
  WINDLASS_REQUIRE_TIER: "process",
  WINDLASS_EGRESS: undefined,
  WINDLASS_EGRESS_ALLOW: [],
  WINDLASS_EGRESS_DENY: [],
  WINDLASS_RUN_STORE_ADDRESS: "run-store:7070",
  WINDLASS_QUEUE_ADDRESS: ["queue-1:7071", "queue-2:7071"],
  ...changes,
});

test("unless told otherwise everything may be reached but the control plane", () => {
  expect(egressOf(settings({}))).toEqual({
    mode: "open",
    allow: [],
    deny: [],
    controlPlane: ["run-store:7070", "queue-1:7071", "queue-2:7071"],
  });
});

test.each<[string, Partial<EgressVariables>, string]>([
  ["limits for a driver without any", { WINDLASS_DRIVER: "process", WINDLASS_EGRESS: "none" }, "only with"],
  [
    "a denial for a driver without any",
    { WINDLASS_DRIVER: "process", WINDLASS_EGRESS_DENY: ["10.0.0.1"] },
    "only with",
  ],
  [
    "limits where the driver may turn out to have none",
    { WINDLASS_DRIVER: "auto", WINDLASS_EGRESS: "none" },
    "rules process out",
  ],
  ["a list that is asked for and not there", { WINDLASS_EGRESS: "allowlist" }, "needs WINDLASS_EGRESS_ALLOW"],
  ["a list that is there and not asked for", { WINDLASS_EGRESS_ALLOW: ["10.0.0.1"] }, "only for allowlist"],
])("%s is refused", (_, changes, why) => {
  expect(() => egressOf(settings(changes))).toThrow(why);
});

test("with auto the limits hold when process is ruled out", () => {
  const strict = settings({ WINDLASS_DRIVER: "auto", WINDLASS_REQUIRE_TIER: "runc", WINDLASS_EGRESS: "none" });
  expect(egressOf(strict).mode).toBe("none");
  expect(egressOf(settings({ WINDLASS_DRIVER: "process" })).mode).toBe("open");
});
