/**
 * Where callers outside reach this cluster's HTTP, without a slash at the end: what was configured, else the address that this process listens on. Undefined when that is
 * every address of the machine, none of which can be told to anybody.
 */
export function publicHttpUrl(configured: string | undefined, address: string): string | undefined {
  if (configured !== undefined) return configured.replace(/\/+$/, "");
  return /^(?:0\.0\.0\.0|\[::\]):/.test(address) ? undefined : `http://${address}`;
}
