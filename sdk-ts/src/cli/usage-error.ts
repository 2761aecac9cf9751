/** The command was called in a way that cannot be meant; nothing was sent to the cluster. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}
