import { PageHeader } from "../../parts/page-header.tsx";

export function EnvironmentPage() {
  return <PageHeader title="Environment" />;
}
