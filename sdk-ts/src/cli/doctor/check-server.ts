import { status } from "@windlass/proto/grpc";
import type { ResolvedConfig } from "../../client/client-config.ts";
import { checkHealth, type ServerHealth } from "../api/health.ts";
import { openChannel } from "../api/connect.ts";
import { formatDuration } from "../format/duration.ts";
import { type Check, ok, warning, wrong } from "./check.ts";
import { mendConnection } from "./mend-connection.ts";

/** Beyond this, times in the timeline and on this machine do not fit together. The answer tells whole seconds. */
const MAX_CLOCK_DIFFERENCE_MS = 3_000;

/** Whether the address answers, serves, and has the time. `isReached` says whether further questions make sense. */
export async function checkServer(): Promise<{ readonly checks: Check[]; readonly isReached: boolean }> {
  const { channel, config } = openChannel();
  const where = `${config.address} ${config.useTls ? "with TLS" : "without TLS"}`;
  try {
    const health = await checkHealth(channel, config.timeoutMs);
    return { checks: [reached(where, config, health), serving(health), ...clock(health)], isReached: true };
  } catch (error) {
    const { code, details } = error as { readonly code?: number; readonly details?: string };
    if (code === status.UNIMPLEMENTED || code === status.UNAUTHENTICATED) {
      const found = `${where} answers, and says nothing of its health (${details ?? code})`;
      return {
        checks: [warning("cluster", found, "Check that this is the address of a Windlass cluster.")],
        isReached: true,
      };
    }
    const reason = (details ?? (error as Error).message).replace(/\s*Resolution note:\s*$/, "");
    return {
      checks: [wrong("cluster", `${where} does not answer: ${reason}`, mendConnection(reason, config))],
      isReached: false,
    };
  } finally {
    channel.close();
  }
}

function reached(where: string, { address, useTls }: ResolvedConfig, { roundTripMs }: ServerHealth): Check {
  const found = `${where} answers in ${formatDuration(roundTripMs)}`;
  if (useTls || isLocal(address)) return ok("cluster", found);
  return warning(
    "cluster",
    found,
    "The API key travels unencrypted: use an https:// address outside of a private network.",
  );
}

function serving({ isServing }: ServerHealth): Check {
  if (isServing) return ok("health", "the cluster's door (the run-store) serves");
  return wrong(
    "health",
    "the run-store is starting, draining, or cannot reach its database",
    "Look at its log, and try again.",
  );
}

function clock({ serverTime, roundTripMs }: ServerHealth): Check[] {
  if (serverTime === undefined) return [];
  // The second that the server told began up to a second before it told.
  const differenceMs = serverTime.getTime() + 500 - (Date.now() - roundTripMs / 2);
  const found = `the cluster's clock is ${formatDuration(Math.abs(differenceMs))} ${differenceMs > 0 ? "ahead of" : "behind"} this machine's`;
  if (Math.abs(differenceMs) <= MAX_CLOCK_DIFFERENCE_MS)
    return [ok("clock", "this machine and the cluster have the same time, to about a second")];
  return [
    warning(
      "clock",
      found,
      "Let both keep time with NTP; dates given to --delay are compared with the cluster's clock.",
    ),
  ];
}

function isLocal(address: string): boolean {
  return /^(unix:|127\.|localhost[:/]|\[::1\])/.test(address);
}
