import type { ServiceCall } from "@windlass/chassis";
import type { ScheduleService } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import {
  activateSchedule,
  createSchedule,
  deactivateSchedule,
  deleteSchedule,
  type ScheduleOptions,
  updateSchedule,
} from "../schedules/change-schedules.ts";
import { listTimezones } from "../schedules/cron.ts";
import { getSchedule, listSchedules } from "../schedules/read-schedules.ts";
import {
  parseCreateSchedule,
  parseListSchedules,
  parseScheduleId,
  parseUpdateSchedule,
} from "../validation/schedule-requests.ts";
import { environmentOf } from "./caller.ts";

export function createScheduleService(
  options: ScheduleOptions,
): ServiceImplementation<typeof ScheduleService, ServiceCall> {
  const { postgres } = options;
  return {
    createSchedule: async (request, call) => ({
      schedule: await createSchedule(options, environmentOf(call), parseCreateSchedule(request)),
    }),
    getSchedule: async (request, call) => ({
      schedule: await getSchedule(postgres, environmentOf(call), parseScheduleId(request)),
    }),
    updateSchedule: async (request, call) => ({
      schedule: await updateSchedule(options, environmentOf(call), parseUpdateSchedule(request)),
    }),
    deleteSchedule: async (request, call) => {
      await deleteSchedule(options, environmentOf(call), parseScheduleId(request));
      return {};
    },
    activateSchedule: async (request, call) => ({
      schedule: await activateSchedule(options, environmentOf(call), parseScheduleId(request)),
    }),
    deactivateSchedule: async (request, call) => ({
      schedule: await deactivateSchedule(options, environmentOf(call), parseScheduleId(request)),
    }),
    listSchedules: (request, call) => listSchedules(postgres, environmentOf(call), parseListSchedules(request)),
    listTimezones: () => Promise.resolve({ timezones: listTimezones() }),
  };
}
