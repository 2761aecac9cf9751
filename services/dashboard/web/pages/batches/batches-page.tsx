import { getRouteApi } from "@tanstack/react-router";
import { BatchList } from "./batch-list.tsx";
import { BatchView } from "./batch-view.tsx";

const route = getRouteApi("/app/batches");

/** The environment's batches, or one of them. */
export function BatchesPage() {
  const { batch, page } = route.useSearch();
  return batch === undefined ? <BatchList page={page} /> : <BatchView key={batch} batchId={batch} />;
}
