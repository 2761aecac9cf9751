/** What the page says in passing. */
export interface Notice {
  readonly id: number;
  readonly tone: "good" | "bad";
  readonly text: string;
}

const MAX_NOTICES = 4;
const SHOWN_MS = { good: 4_000, bad: 9_000 } as const;

let notices: readonly Notice[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

/** Says something to whoever looks at the page, for some seconds. */
export function notify(tone: Notice["tone"], text: string): void {
  lastId += 1;
  const id = lastId;
  set([...notices, { id, tone, text }].slice(-MAX_NOTICES));
  setTimeout(() => dismiss(id), SHOWN_MS[tone]);
}

export function dismiss(id: number): void {
  set(notices.filter((notice) => notice.id !== id));
}

export function currentNotices(): readonly Notice[] {
  return notices;
}

export function subscribeToNotices(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function set(next: readonly Notice[]): void {
  notices = next;
  for (const listener of listeners) listener();
}
