/** Where a schedule comes from: declared by a task, or made with `schedules.create`. */
export type ScheduleTypeName = "DECLARATIVE" | "IMPERATIVE";

/** The payload of a scheduled task: one tick of one schedule. */
export interface ScheduleTick {
  /** The schedule that ticked. */
  readonly scheduleId: string;
  readonly type: ScheduleTypeName;
  /** When it was due; the run can begin later. */
  readonly timestamp: Date;
  /** When it was due the time before; absent at its first tick. */
  readonly lastTimestamp?: Date | undefined;
  /** The IANA time zone in which it ticks. Dates are moments; this is for showing them. */
  readonly timezone: string;
  /** As given to `schedules.create`. */
  readonly externalId?: string | undefined;
  /** The next ten ticks. */
  readonly upcoming: readonly Date[];
}
