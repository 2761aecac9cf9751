import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ErrorReason, type ScheduleSchema, type ScheduleService, ScheduleType } from "@windlass/proto";
import { CallFailure, type ServiceImplementation, status } from "@windlass/proto/grpc";

export type StoredSchedule = Extract<MessageInitShape<typeof ScheduleSchema>, { $typeName?: never }> & { id: string };

/** A ScheduleService in memory. Its schedules do not tick. */
export function testScheduleService(
  schedules: Map<string, StoredSchedule>,
): ServiceImplementation<typeof ScheduleService> {
  const find = (scheduleId: string): StoredSchedule => {
    const schedule = schedules.get(scheduleId);
    if (schedule === undefined)
      throw failure(status.NOT_FOUND, ErrorReason.SCHEDULE_NOT_FOUND, `There is no schedule ${scheduleId}.`);
    return schedule;
  };
  const imperative = (schedule: StoredSchedule): StoredSchedule => {
    if (schedule.type !== ScheduleType.DECLARATIVE) return schedule;
    throw failure(
      status.FAILED_PRECONDITION,
      ErrorReason.SCHEDULE_DECLARATIVE,
      `${schedule.id} is declared by a task.`,
    );
  };
  return {
    createSchedule: async ({ taskId, cron, deduplicationKey, externalId }) => {
      const fields = { taskId, deduplicationKey, externalId };
      const known = [...schedules.values()].find(
        ({ deduplicationKey }) => deduplicationKey === fields.deduplicationKey,
      );
      const id = known?.id ?? `sched_${schedules.size + 1}`;
      const made = { type: ScheduleType.IMPERATIVE, isActive: true, createTime: timestampFromMs(0) };
      schedules.set(id, { ...made, ...known, ...fields, ...(cron !== undefined && { cron }), id });
      return { schedule: find(id) };
    },
    getSchedule: async ({ scheduleId }) => ({ schedule: find(scheduleId) }),
    updateSchedule: async ({ scheduleId, taskId, cron, externalId }) => ({
      schedule: Object.assign(imperative(find(scheduleId)), {
        ...(taskId !== "" && { taskId }),
        ...(cron !== undefined && { cron }),
        ...(externalId !== undefined && { externalId }),
      }),
    }),
    deleteSchedule: async ({ scheduleId }) => {
      const schedule = schedules.get(scheduleId);
      if (schedule !== undefined) schedules.delete(imperative(schedule).id);
      return {};
    },
    activateSchedule: async ({ scheduleId }) => ({
      schedule: Object.assign(find(scheduleId), { isActive: true, nextTime: timestampFromMs(60_000) }),
    }),
    deactivateSchedule: async ({ scheduleId }) => {
      const schedule = Object.assign(find(scheduleId), { isActive: false });
      delete schedule.nextTime;
      return { schedule };
    },
    listSchedules: async ({ pageSize, pageToken, taskId }) => {
      const all = [...schedules.values()].toReversed().filter((one) => taskId === "" || one.taskId === taskId);
      const start = Number(pageToken);
      const end = start + (pageSize || 50);
      return { schedules: all.slice(start, end), nextPageToken: end < all.length ? String(end) : "" };
    },
    listTimezones: async () => ({ timezones: ["Europe/Berlin", "UTC"] }),
  };
}

function failure(code: status, reason: ErrorReason, message: string): CallFailure {
  return new CallFailure({ code, reason, message });
}
