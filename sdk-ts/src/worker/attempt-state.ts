/** What parts of the SDK keep for one attempt, each under its own key. */
export class AttemptState {
  readonly #states = new Map<symbol, unknown>();

  /** What is kept under the key; made first if there is nothing. */
  get<T>(key: symbol, create: () => T): T {
    if (!this.#states.has(key)) this.#states.set(key, create());
    return this.#states.get(key) as T;
  }
}
