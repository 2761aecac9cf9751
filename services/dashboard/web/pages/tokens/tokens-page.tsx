import { PageHeader } from "../../parts/page-header.tsx";

export function TokensPage() {
  return <PageHeader title="Tokens" />;
}
