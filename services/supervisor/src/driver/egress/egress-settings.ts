import type { DriverChoice } from "../choose-driver.ts";
import type { SandboxTier } from "../driver.ts";

export const egressModes = ["none", "allowlist", "open"] as const;

/**
 * What sandboxed workers may reach beside the supervisor's socket: "none": nothing; "allowlist": what is listed; "open":
 * everything. In each of them not what is denied.
 */
export type EgressMode = (typeof egressModes)[number];

export interface EgressSettings {
  readonly mode: EgressMode;
  /** For "allowlist": addresses, networks, names of hosts. */
  readonly allow: readonly string[];
  /** What is never reached, beside what is always denied, the control plane and this machine. */
  readonly deny: readonly string[];
  /** Where the services of the control plane are, "host:port". */
  readonly controlPlane: readonly string[];
}

/** What of the supervisor's settings has to do with the network of its workers. */
export interface EgressVariables {
  readonly WINDLASS_DRIVER: DriverChoice;
  readonly WINDLASS_REQUIRE_TIER: SandboxTier;
  readonly WINDLASS_EGRESS: EgressMode | undefined;
  readonly WINDLASS_EGRESS_ALLOW: readonly string[];
  readonly WINDLASS_EGRESS_DENY: readonly string[];
  readonly WINDLASS_RUN_STORE_ADDRESS: string;
  readonly WINDLASS_QUEUE_ADDRESS: readonly string[];
}

/** Throws an Error when they say what would not be done, or contradict each other. */
export function egressOf(config: EgressVariables): EgressSettings {
  const { WINDLASS_EGRESS_ALLOW: allow, WINDLASS_EGRESS_DENY: deny, WINDLASS_EGRESS: asked } = config;
  if (asked !== undefined || allow.length > 0 || deny.length > 0) {
    if (config.WINDLASS_DRIVER === "process") {
      throw new Error("only with WINDLASS_DRIVER runc, crun or runsc: process keeps workers from no network");
    }
    if (config.WINDLASS_DRIVER === "auto" && config.WINDLASS_REQUIRE_TIER === "process") {
      throw new Error(
        "with WINDLASS_DRIVER auto only if WINDLASS_REQUIRE_TIER rules process out, which has no such limits",
      );
    }
  }
  const mode = asked ?? "open";
  if (mode === "allowlist" && allow.length === 0) {
    throw new Error("allowlist needs WINDLASS_EGRESS_ALLOW; none is what allows nothing");
  }
  if (mode !== "allowlist" && allow.length > 0) throw new Error("WINDLASS_EGRESS_ALLOW is only for allowlist");
  return {
    mode,
    allow,
    deny,
    controlPlane: [config.WINDLASS_RUN_STORE_ADDRESS, ...config.WINDLASS_QUEUE_ADDRESS],
  };
}
