/**
 * Settings of every connection. Statements are planned once, when their tables may be empty, and must then be right for any size: so the plan for any values is taken at once,
 * and reading a table from end to end is the last resort. Without this a fresh cluster, until its tables are first analyzed, reads the whole queue for every claim; and each
 * small statement is planned anew, which takes longer than running it.
 */
const SETTINGS = ["plan_cache_mode=force_generic_plan", "enable_seqscan=off", "jit=off"];

/** The URL with these settings. Through a pooler that drops `options` (pgbouncer: ignore_startup_parameters), set them for the database's user. */
export function connectionUrl(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  const options = [url.searchParams.get("options"), ...SETTINGS.map((setting) => `-c ${setting}`)];
  url.searchParams.set("options", options.filter(Boolean).join(" "));
  return url.href;
}
