/** What is not waited for any longer: the user's hooks, or everything. */
export type GivenUp = "hooks" | "everything";

/** Why a call ended before it settled. "uncaught": something threw outside of it. "given up": its time is over. */
export type Interrupted = { readonly kind: "uncaught"; readonly thrown: unknown } | { readonly kind: "given up" };

/** A call that is under way. */
export interface InterruptibleCall {
  readonly isRun: boolean;
  /** False for hooks that run beside another call, which is then the one that an uncaught exception ends. */
  readonly takesUncaught: boolean;
  readonly interrupt: (reason: Interrupted) => void;
}

/**
 * The way in which what happens outside of a call ends it. An exception that nobody awaited ends the innermost function
 * under way, which may never settle by itself any more; between two of them the first waits for the next one, and later
 * ones are the same failure's echoes. Time that is up ends all of them, and all that begin later.
 */
export class Interruption {
  #calls: InterruptibleCall[] = [];
  #waiting: { readonly thrown: unknown } | undefined;
  #happened = false;
  #givenUp: GivenUp | undefined;

  /** Whether something of the attempt may go on in the process after its end. */
  get happened(): boolean {
    return this.#happened || this.#givenUp !== undefined;
  }

  /** Whether hooks begin no more. */
  get areHooksGivenUp(): boolean {
    return this.#givenUp !== undefined;
  }

  /** The call that an uncaught exception would end. */
  get innermost(): InterruptibleCall | undefined {
    return this.#calls.findLast(({ takesUncaught }) => takesUncaught);
  }

  raise(thrown: unknown): void {
    const isFirst = !this.#happened;
    this.#happened = true;
    const { innermost } = this;
    if (innermost !== undefined) innermost.interrupt({ kind: "uncaught", thrown });
    else if (isFirst) this.#waiting = { thrown };
  }

  giveUp(what: GivenUp): void {
    if (this.#givenUp !== "everything") this.#givenUp = what;
    for (const call of this.#calls) if (this.#hasGivenUp(call)) call.interrupt({ kind: "given up" });
  }

  /** The call hears at once of what is waiting. Calls that take exceptions end in the reverse order of their beginning. */
  enter(call: InterruptibleCall): void {
    this.#calls.push(call);
    if (this.#hasGivenUp(call)) call.interrupt({ kind: "given up" });
    if (!call.takesUncaught || this.#waiting === undefined) return;
    const { thrown } = this.#waiting;
    this.#waiting = undefined;
    call.interrupt({ kind: "uncaught", thrown });
  }

  leave(call: InterruptibleCall): void {
    this.#calls = this.#calls.filter((other) => other !== call);
  }

  #hasGivenUp({ isRun }: InterruptibleCall): boolean {
    return this.#givenUp === "everything" || (this.#givenUp === "hooks" && !isRun);
  }
}
