import { EXIT } from "./exit-code.ts";

/** Why a command ends early, and with which exit code. */
export class EndedEarly extends Error {
  override readonly name: string = "EndedEarly";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A Ctrl-C can arrive twice: from the terminal, and passed on by whoever started this process. Only a later one means "now". */
const SAME_INTERRUPT_MS = 1_000;

/**
 * A signal that aborts with the first Ctrl-C, SIGTERM or SIGHUP, when the process that started this one is gone, or when nobody reads the output any more. A
 * further Ctrl-C ends the process at once.
 */
export function listenForTheEnd(): AbortSignal {
  const controller = new AbortController();
  let firstMs: number | undefined;
  const interrupt = (what: string): void => {
    firstMs ??= performance.now();
    if (performance.now() - firstMs > SAME_INTERRUPT_MS) process.exit(EXIT.interrupted);
    controller.abort(new EndedEarly(what, EXIT.interrupted));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupt(signal));
  if (process.channel !== undefined) {
    process.once("disconnect", () => interrupt("its parent process is gone"));
    process.channel?.unref(); // Listening shall not keep the process alive.
  }
  process.stdout.on("error", () => controller.abort(new EndedEarly("nobody reads the output", EXIT.brokenPipe)));
  process.stderr.on("error", () => {}); // Remarks that nobody reads are no reason to stop.
  return controller.signal;
}
