import { getRouteApi } from "@tanstack/react-router";
import { ScheduleList } from "./schedule-list.tsx";
import { ScheduleView } from "./schedule-view.tsx";

const route = getRouteApi("/app/schedules");

/** The environment's schedules, or one of them. */
export function SchedulesPage() {
  const { schedule, page } = route.useSearch();
  return schedule === undefined ? <ScheduleList page={page} /> : <ScheduleView key={schedule} scheduleId={schedule} />;
}
