import { useQuery } from "@tanstack/react-query";

/** What whoever runs the dashboard has set for its pages. */
export interface Settings {
  /** Where a trace is looked at, with {traceId} in it; "" when nowhere. */
  readonly traceUrl: string;
}

/** Undefined until they are known; they change with a restart of the dashboard only. */
export function useSettings(): Settings | undefined {
  return useQuery({ queryKey: ["settings"], queryFn: readSettings, staleTime: Infinity }).data;
}

async function readSettings({ signal }: { readonly signal: AbortSignal }): Promise<Settings> {
  const response = await fetch("/settings", { signal });
  if (!response.ok) throw new Error(`The settings were answered with ${response.status}.`);
  const { traceUrl } = (await response.json()) as { traceUrl?: unknown };
  return { traceUrl: typeof traceUrl === "string" ? traceUrl : "" };
}
