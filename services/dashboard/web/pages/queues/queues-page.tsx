import { PageHeader } from "../../parts/page-header.tsx";

export function QueuesPage() {
  return <PageHeader title="Queues" />;
}
