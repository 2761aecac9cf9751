/** Where the runs of a task wait when their trigger does not say otherwise. */
export interface Line {
  readonly queue: string;
  /** The machine preset. */
  readonly machine: string;
}

/** Remembers where runs of a task have been put. Only a guess: a deployment may put the next one elsewhere. */
export interface KnownLines {
  learn(environmentId: string, taskId: string, line: Line): void;
  guess(environmentId: string, taskId: string): Line | undefined;
}

/** Tasks remembered; the oldest is forgotten first. */
const MAX_KNOWN = 10_000;

export function createKnownLines(): KnownLines {
  const known = new Map<string, Line>();
  return {
    learn(environmentId, taskId, line) {
      const key = `${environmentId}/${taskId}`;
      const [oldest] = known.keys();
      if (known.size >= MAX_KNOWN && oldest !== undefined && !known.has(key)) known.delete(oldest);
      known.set(key, line);
    },
    guess: (environmentId, taskId) => known.get(`${environmentId}/${taskId}`),
  };
}
