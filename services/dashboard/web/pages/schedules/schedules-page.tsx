import { PageHeader } from "../../parts/page-header.tsx";

export function SchedulesPage() {
  return <PageHeader title="Schedules" />;
}
