/**
 * The way in which an exception that nobody awaited reaches the attempt: it ends the hook that is running, which may
 * never settle by itself any more. Between two hooks only the first is kept for the next one; later ones are the same
 * failure's echoes.
 */
export class Interruption {
  #listener: ((thrown: unknown) => void) | undefined;
  #waiting: { readonly thrown: unknown } | undefined;
  #happened = false;

  get happened(): boolean {
    return this.#happened;
  }

  raise(thrown: unknown): void {
    const isFirst = !this.#happened;
    this.#happened = true;
    if (this.#listener !== undefined) this.#listener(thrown);
    else if (isFirst) this.#waiting = { thrown };
  }

  /** One listener at a time; it hears at once of what is waiting. */
  listen(listener: (thrown: unknown) => void): void {
    this.#listener = listener;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) listener(waiting.thrown);
  }

  unlisten(): void {
    this.#listener = undefined;
  }
}
