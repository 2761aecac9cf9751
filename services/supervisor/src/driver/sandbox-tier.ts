import type { SandboxTier } from "./driver.ts";

/** What a task has to break out of: nothing, the machine's kernel as it shows itself to a container, a kernel of its own and then that. */
const strengths: Readonly<Record<SandboxTier, number>> = { process: 0, runc: 1, crun: 1, runsc: 2 };

/** Whether a tier confines at least as well as another. */
export function isAtLeast(tier: SandboxTier, required: SandboxTier): boolean {
  return strengths[tier] >= strengths[required];
}
