/** The task folder cannot be bundled or indexed; the message is written for whoever wrote the tasks. */
export class BuildError extends Error {
  override readonly name: string = "BuildError";
}
