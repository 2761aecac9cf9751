import { type Check, ok, warning } from "./check.ts";

const WHAT: Readonly<Record<string, string>> = {
  process: "as plain processes, which can read what their supervisor can",
  runc: "in containers (runc)",
  crun: "in containers (crun)",
  runsc: "in containers with a kernel of their own (gVisor)",
};

/** How tasks are confined where they run; nothing when no supervisor is there, which has a check of its own. */
export function checkSandbox(supervisorsByTier: Readonly<Record<string, number>>, environmentType: string): Check[] {
  const tiers = Object.entries(supervisorsByTier);
  if (tiers.length === 0) return [];
  const found = `tasks run ${tiers.map(([tier, count]) => `${WHAT[tier] ?? `as ${tier}`} on ${count} supervisor${count === 1 ? "" : "s"}`).join(", ")}`;
  if (environmentType === "DEVELOPMENT" || !("process" in supervisorsByTier)) return [ok("sandbox", found)];
  return [
    warning(
      "sandbox",
      found,
      "If tasks are of people you do not trust, start supervisors with WINDLASS_DRIVER=runc or runsc and WINDLASS_REQUIRE_TIER.",
    ),
  ];
}
