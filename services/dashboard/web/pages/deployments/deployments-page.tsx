import { PageHeader } from "../../parts/page-header.tsx";

export function DeploymentsPage() {
  return <PageHeader title="Deployments" />;
}
