import type { CatchUp, Schedule } from "@windlass/proto";
import { callCluster, given } from "../client/call-cluster.ts";
import { checkPageSize, refuseUnknownOptions } from "../client/call-options.ts";
import { type Connection, defaultConnection } from "../client/connection.ts";
import { listPages, type PagePromise } from "../client/pages.ts";
import { invalidField } from "../client/windlass-error.ts";
import { isTaskId, TASK_ID_LIMIT } from "../task/task-id.ts";
import { type CatchUpName, catchUpProblem, catchUpToProto } from "./catch-up.ts";
import { cronProblem, fieldsOf, timezoneProblem } from "./cron.ts";
import { type ScheduleSnapshot, scheduleSnapshotFromProto } from "./schedule-snapshot.ts";
import { scheduleTask } from "./schedule-task.ts";

/** Names a schedule: by its id, or anything that has it. */
export type ScheduleReference = string | { readonly id: string };

export interface CreateScheduleOptions {
  /** The id of a task of the current deployment, made with `schedules.task`. */
  readonly task: string;
  /** Five fields: minute, hour, day of month, month, day of week. */
  readonly cron: string;
  /** An IANA time zone. Default: UTC. */
  readonly timezone?: string | undefined;
  /** What becomes of ticks that a downtime missed; see `schedules.task`. Default: "latest". */
  readonly catchUp?: CatchUpName | undefined;
  /** The same key changes the same schedule instead of making another: 1 to 128 characters. */
  readonly deduplicationKey: string;
  /** Given on in the payload: whose schedule it is, in your words; 1 to 128 characters. */
  readonly externalId?: string | undefined;
}

/** What is left out stays as it is. */
export interface UpdateScheduleOptions {
  readonly task?: string | undefined;
  readonly cron?: string | undefined;
  readonly timezone?: string | undefined;
  readonly catchUp?: CatchUpName | undefined;
  /** At most 128 characters; empty: none any more. */
  readonly externalId?: string | undefined;
}

export interface ScheduleFilter {
  /** Only schedules of this task. */
  readonly task?: string | undefined;
  /** How many a page has: 1 to 1,000. Default 50. */
  readonly limit?: number | undefined;
}

const MAX_KEY_LENGTH = 128;

/**
 * Declares tasks that run on a schedule, and makes, reads and changes schedules of the default connection's environment. Declarative ones can be read,
 * deactivated and activated, and nothing else. Everything here but `task` throws WindlassError, SCHEDULE_NOT_FOUND and SCHEDULE_DECLARATIVE among others.
 */
export const schedules = {
  task: scheduleTask,

  /** Makes a schedule, or changes the one that has this deduplication key. */
  async create(options: CreateScheduleOptions): Promise<ScheduleSnapshot> {
    refuseUnknownOptions(options, ["task", "cron", "timezone", "catchUp", "deduplicationKey", "externalId"]);
    const { task, cron, timezone, catchUp = "latest", deduplicationKey, externalId } = options;
    const request = {
      taskId: checkTask(task),
      cron: {
        expression: checkCron(cron),
        timezone: timezone === undefined ? "" : checkTimezone(timezone),
        catchUp: checkCatchUp(catchUp),
      },
      deduplicationKey: checkText("options.deduplicationKey", deduplicationKey, 1),
      externalId: externalId === undefined ? "" : checkText("options.externalId", externalId, 1),
    };
    const connection = defaultConnection();
    const response = await callCluster(connection, (call) => connection.schedules.createSchedule(request, call));
    return scheduleSnapshotFromProto(given(response.schedule, "the new schedule"));
  },

  /** The schedule as it is now. */
  retrieve(schedule: ScheduleReference): Promise<ScheduleSnapshot> {
    return ask(schedule, ({ schedules: client }, request, call) => client.getSchedule(request, call));
  },

  /** Changes an imperative schedule; what is left out stays as it is. */
  async update(schedule: ScheduleReference, options: UpdateScheduleOptions): Promise<ScheduleSnapshot> {
    refuseUnknownOptions(options, ["task", "cron", "timezone", "catchUp", "externalId"]);
    const { task, externalId } = options;
    const checked = {
      ...(task !== undefined && { taskId: checkTask(task) }),
      ...(externalId !== undefined && { externalId: checkText("options.externalId", externalId, 0) }),
    };
    const cron = await wholeCron(schedule, options);
    return ask(schedule, ({ schedules: client }, { scheduleId }, call) =>
      client.updateSchedule({ scheduleId, ...checked, ...(cron !== undefined && { cron }) }, call),
    );
  },

  /** Removes an imperative schedule; its runs stay. Safe to repeat. */
  async del(schedule: ScheduleReference): Promise<void> {
    const scheduleId = scheduleIdOf(schedule);
    const connection = defaultConnection();
    await callCluster(connection, (call) => connection.schedules.deleteSchedule({ scheduleId }, call));
  },

  /** Lets it tick (again), from now on. Safe to repeat. */
  activate(schedule: ScheduleReference): Promise<ScheduleSnapshot> {
    return ask(schedule, ({ schedules: client }, request, call) => client.activateSchedule(request, call));
  },

  /** Stops its ticks. Safe to repeat. */
  deactivate(schedule: ScheduleReference): Promise<ScheduleSnapshot> {
    return ask(schedule, ({ schedules: client }, request, call) => client.deactivateSchedule(request, call));
  },

  /** Newest first: `await` gives a page, `for await` all of them, fetched page by page. */
  list(filter: ScheduleFilter = {}): PagePromise<ScheduleSnapshot> {
    return listPages(async (pageToken) => {
      refuseUnknownOptions(filter, ["task", "limit"]);
      const taskId = filter.task === undefined ? "" : checkTask(filter.task);
      const request = { pageSize: checkPageSize(filter.limit), pageToken, taskId };
      const connection = defaultConnection();
      const response = await callCluster(connection, (call) => connection.schedules.listSchedules(request, call));
      return { items: response.schedules.map(scheduleSnapshotFromProto), nextPageToken: response.nextPageToken };
    });
  },

  /** The time zones that a schedule may name, sorted. */
  async timezones(): Promise<{ readonly timezones: readonly string[] }> {
    const connection = defaultConnection();
    const { timezones } = await callCluster(connection, (call) => connection.schedules.listTimezones({}, call));
    return { timezones };
  },
};

/** Expression, zone and catch-up travel together: what is not said is what the schedule has now. */
async function wholeCron(
  schedule: ScheduleReference,
  { cron, timezone, catchUp }: UpdateScheduleOptions,
): Promise<{ readonly expression: string; readonly timezone: string; readonly catchUp: CatchUp } | undefined> {
  const expression = cron === undefined ? undefined : checkCron(cron);
  const zone = timezone === undefined ? undefined : checkTimezone(timezone);
  const checked = catchUp === undefined ? undefined : checkCatchUp(catchUp);
  if (expression === undefined && zone === undefined && checked === undefined) return undefined;
  if (expression !== undefined && zone !== undefined && checked !== undefined)
    return { expression, timezone: zone, catchUp: checked };
  const now = await schedules.retrieve(schedule);
  return {
    expression: expression ?? now.cron,
    timezone: zone ?? now.timezone,
    catchUp: checked ?? catchUpToProto(now.catchUp),
  };
}

async function ask(
  reference: ScheduleReference,
  call: (
    connection: Connection,
    request: { readonly scheduleId: string },
    options: { timeoutMs: number },
  ) => Promise<{ readonly schedule?: Schedule | undefined }>,
): Promise<ScheduleSnapshot> {
  const scheduleId = scheduleIdOf(reference);
  const connection = defaultConnection();
  const { schedule } = await callCluster(connection, (options) => call(connection, { scheduleId }, options));
  return scheduleSnapshotFromProto(given(schedule, scheduleId));
}

function scheduleIdOf(reference: unknown): string {
  const id =
    typeof reference === "string" ? reference : (reference as { readonly id?: unknown } | null | undefined)?.id;
  if (typeof id === "string" && id !== "" && id.isWellFormed()) return id;
  throw invalidField("schedule", "must be a schedule or its id.");
}

function checkTask(task: unknown): string {
  if (isTaskId(task)) return task;
  throw invalidField("options.task", `must be the id of a task: it ${TASK_ID_LIMIT}.`);
}

function checkCron(cron: string): string {
  const problem = cronProblem(cron);
  if (problem !== undefined) throw invalidField("options.cron", `${problem}.`);
  return fieldsOf(cron);
}

function checkTimezone(timezone: string): string {
  const problem = timezoneProblem(timezone);
  if (problem !== undefined) throw invalidField("options.timezone", `${problem}.`);
  return timezone;
}

function checkCatchUp(catchUp: CatchUpName): CatchUp {
  const problem = catchUpProblem(catchUp);
  if (problem !== undefined) throw invalidField("options.catchUp", `${problem}.`);
  return catchUpToProto(catchUp);
}

function checkText(field: string, text: unknown, minLength: 0 | 1): string {
  const isValid =
    typeof text === "string" &&
    text.length >= minLength &&
    text.length <= MAX_KEY_LENGTH &&
    text.isWellFormed() &&
    !/\p{Cc}/u.test(text);
  if (isValid) return text;
  throw invalidField(
    field,
    `must be a string of ${minLength} to ${MAX_KEY_LENGTH} characters without control characters.`,
  );
}
