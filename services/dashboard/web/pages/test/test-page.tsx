import { PageHeader } from "../../parts/page-header.tsx";

export function TestPage() {
  return <PageHeader title="Test" />;
}
