const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether this can be the token of a lease at all. What cannot is nobody's lease, and must not reach a statement, which would fail for all its items. */
export function isLeaseToken(text: string): boolean {
  return UUID.test(text);
}
