import { timestampDate } from "@bufbuild/protobuf/wkt";
import { WindlassError } from "../../client/windlass-error.ts";
import { getCurrentDeployment } from "../api/deployments.ts";
import { countSupervisorsByTier, getEnvironment } from "../api/environments.ts";
import { describeFailure } from "../failure.ts";
import { formatDuration } from "../format/duration.ts";
import { oneLine } from "../format/plain-text.ts";
import { newestRuns } from "../newest-runs.ts";
import { type Check, ok, warning, wrong } from "./check.ts";
import { checkSandbox } from "./check-sandbox.ts";

/** A run that was ready this long and did not begin waits for something. */
const LONG_QUEUED_MS = 30_000;
const LOOKED_AT = 100;

/** What the API key opens: its environment, the current version, and whether runs get anywhere. */
export async function checkEnvironment(): Promise<Check[]> {
  try {
    const { slug, type, project } = await getEnvironment();
    const key = ok("API key", `valid, for the ${type.toLowerCase()} environment ${slug} of ${project}`);
    const sandbox = checkSandbox(await countSupervisorsByTier(), type);
    return [key, ...sandbox, await checkDeployment(), ...(await checkRuns())];
  } catch (error) {
    const failure = describeFailure(error);
    const name = error instanceof WindlassError && error.reason === "API_KEY_INVALID" ? "API key" : "environment";
    return [wrong(name, oneLine(failure.message), failure.hint ?? "Look at the run-store's log.")];
  }
}

async function checkDeployment(): Promise<Check> {
  const deployment = await getCurrentDeployment();
  if (deployment === undefined)
    return warning("deployment", "nothing has been deployed", 'Deploy tasks: "windlass deploy", or "windlass dev".');
  const age =
    deployment.createTime === undefined ? "" : `, deployed ${timestampDate(deployment.createTime).toISOString()}`;
  return ok("deployment", `${deployment.version} with ${deployment.tasks.length} tasks${age}`);
}

async function checkRuns(): Promise<Check[]> {
  const [pending, queued, executing] = await Promise.all([
    newestRuns({ status: "PENDING_VERSION" }, LOOKED_AT),
    newestRuns({ status: "QUEUED" }, LOOKED_AT),
    newestRuns({ status: "EXECUTING" }, 1),
  ]);
  const checks: Check[] = [];
  if (pending.runs.length > 0) {
    const tasks = [...new Set(pending.runs.map(({ taskIdentifier }) => oneLine(taskIdentifier, 60)))];
    const count = pending.hasMore ? `more than ${LOOKED_AT}` : pending.runs.length;
    checks.push(
      warning(
        "runs",
        `${count} wait for a version that knows ${tasks.slice(0, 5).join(", ")}`,
        'Deploy these tasks, or cancel the runs: "windlass runs list --status pending-version".',
      ),
    );
  }
  const oldestMs = Math.max(0, ...queued.runs.map(({ createdAt }) => Date.now() - createdAt.getTime()));
  if (oldestMs > LONG_QUEUED_MS && executing.runs.length === 0) {
    checks.push(
      wrong(
        "runs",
        `runs have been queued for ${formatDuration(oldestMs)}, and none executes`,
        "Check that a supervisor and the queue service run and reach the run-store: their logs tell.",
      ),
    );
  }
  if (checks.length === 0)
    checks.push(
      ok("runs", `${queued.hasMore ? `more than ${LOOKED_AT}` : queued.runs.length} queued, nothing is stuck`),
    );
  return checks;
}
