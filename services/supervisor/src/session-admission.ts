/** What is known of a session before somebody has proved to be its worker. */
export interface PendingSession {
  close(): void;
}

/** Far more than workers start at once that do not name themselves. */
const maxUnnamed = 256;

/**
 * Which sessions may be open that nobody has proved to be a worker's yet. One that is opened with an awaited worker's token in
 * the call's headers always gets in, once. Of the others a task could open any number: they push each other out, the oldest
 * first, and nobody else.
 */
export class SessionAdmission {
  readonly #named = new Map<string, PendingSession>();
  readonly #unnamed = new Set<PendingSession>();

  /** `token`: that of an awaited worker. */
  admit(session: PendingSession, token: string | undefined): void {
    if (token !== undefined) {
      this.#named.get(token)?.close();
      this.#named.set(token, session);
      return;
    }
    this.#unnamed.add(session);
    if (this.#unnamed.size <= maxUnnamed) return;
    const [oldest] = this.#unnamed;
    if (oldest === undefined) return;
    this.#unnamed.delete(oldest);
    oldest.close();
  }

  /** Its worker has proved itself, or it is over. */
  settle(session: PendingSession, token: string | undefined): void {
    this.#unnamed.delete(session);
    if (token !== undefined && this.#named.get(token) === session) this.#named.delete(token);
  }
}
