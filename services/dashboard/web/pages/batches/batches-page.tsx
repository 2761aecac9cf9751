import { PageHeader } from "../../parts/page-header.tsx";

export function BatchesPage() {
  return <PageHeader title="Batches" />;
}
