import type { RunError } from "@windlass/proto";
import { BuildError } from "./build-error.ts";

/** A task folder that cannot be loaded; `error` is what its file threw, as a run would store it. */
export class ImportError extends BuildError {
  override readonly name: string = "ImportError";
  readonly error: RunError;

  constructor(error: RunError) {
    super(`TASK_IMPORT_ERROR: ${error.message}\n${error.stack}`.trimEnd());
    this.error = error;
  }
}
