/** What names a lease, and who holds it. */
export interface Lease {
  readonly environmentId: string;
  readonly runId: string;
  /** The fencing token (I2). */
  readonly leaseToken: string;
  readonly supervisorId: string;
}
