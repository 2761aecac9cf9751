import { randomInt } from "node:crypto";

/** How many users a supervisor has for its workers; far more than it can have workers. */
const users = 65_536;
const firstBase = 1_048_576;
const bases = 30_000;

/** User ids that nobody else has. */
export interface OwnUsers {
  take(): number;
  giveBack(uid: number): void;
}

/**
 * Gives each worker a user of its own, so that nothing counted or permitted by user is shared. They are in no file and own
 * nothing; every supervisor takes another range, so that two on one machine hardly ever have the same.
 */
export function createOwnUsers(base: number = firstBase + randomInt(bases) * users): OwnUsers {
  const taken = new Set<number>();
  let next = 0;
  return {
    take() {
      if (taken.size >= users) throw new Error(`More than ${users} workers at once.`);
      while (taken.has(base + next)) next = (next + 1) % users;
      const uid = base + next;
      next = (next + 1) % users;
      taken.add(uid);
      return uid;
    },
    giveBack(uid) {
      taken.delete(uid);
    },
  };
}
