// The limits that the comments in proto/windlass/v1 promise, one constant for each kind of field.
// None of these texts ever becomes part of a NATS subject (those are made of environment and run ids, which are ours), so that `*`, `>` and `.` need no ban of their own.
import type { TextRule } from "./text-rule.ts";

const WORD = { pattern: /^[A-Za-z0-9_-]*$/, name: "A-Z a-z 0-9 _ -" };

/** `task({ id })`. */
export const TASK_ID = { min: 1, max: 256 } as const satisfies TextRule;

/** A queue chosen by name. */
export const QUEUE = {
  min: 1,
  max: 128,
  alphabet: { pattern: /^[A-Za-z0-9_\-/.]*$/, name: "A-Z a-z 0-9 _ - / ." },
} as const satisfies TextRule;

/** A queue as it is called: chosen by name, or "task/" and the id of a task. */
export const QUEUE_NAME = { min: 1, max: 261 } as const satisfies TextRule;

/** A label of a run. */
export const TAG = { min: 1, max: 128 } as const satisfies TextRule;

/** What makes a trigger safe to repeat. */
export const REQUEST_ID = { min: 1, max: 64, alphabet: WORD } as const satisfies TextRule;

/** What makes a trigger, or the making of a token, happen once. */
export const IDEMPOTENCY_KEY = { min: 1, max: 512 } as const satisfies TextRule;

/** An id that the store gave out. What else it looks like is the store's business: an unknown one is NOT_FOUND. */
export const STORE_ID = { min: 1, max: 64, alphabet: WORD } as const satisfies TextRule;

/** What runs that share a queue of their own have in common. */
export const CONCURRENCY_KEY = { min: 1, max: 128 } as const satisfies TextRule;

/** Runs that were triggered together. */
export const BATCH_ID = {
  min: 7,
  max: 70,
  alphabet: { pattern: /^batch_[A-Za-z0-9_-]+$/, name: '"batch_" and then A-Z a-z 0-9 _ -' },
} as const satisfies TextRule;

/** What makes the making of a schedule happen once. */
export const DEDUPLICATION_KEY = { min: 1, max: 128 } as const satisfies TextRule;

/** Whose schedule it is, in the user's words. */
export const EXTERNAL_ID = { min: 0, max: 128 } as const satisfies TextRule;

/** What triggers have in common that put one run off. */
export const DEBOUNCE_KEY = { min: 1, max: 512 } as const satisfies TextRule;

/** A version, as people call it. */
export const VERSION = { min: 1, max: 64 } as const satisfies TextRule;

/** What a worker calls a wait. */
export const WAIT_ID = { min: 1, max: 64, alphabet: WORD } as const satisfies TextRule;

/** Why a run is canceled. */
export const CANCEL_REASON = { min: 0, max: 1000, isMultiline: true } as const satisfies TextRule;

/** An environment's name in the cluster. */
export const SLUG = {
  min: 1,
  max: 64,
  alphabet: { pattern: /^[a-z0-9-]*$/, name: "a-z 0-9 -" },
} as const satisfies TextRule;

/** `defineConfig({ project })`. */
export const PROJECT = { min: 1, max: 128, alphabet: WORD } as const satisfies TextRule;

/** What the owner calls a key. */
export const API_KEY_NAME = { min: 1, max: 128 } as const satisfies TextRule;

/** The file that defines a task, relative to the task folder. */
export const FILE_PATH = { min: 1, max: 1024 } as const satisfies TextRule;

/** The variable that exports a task. */
export const EXPORT_NAME = { min: 0, max: 256 } as const satisfies TextRule;

/** A variable that an environment defines for its tasks. The names that begin with WINDLASS_ are the worker's own. */
export const VARIABLE_NAME = {
  min: 1,
  max: 128,
  alphabet: {
    pattern: /^(?!\d|WINDLASS_)[A-Za-z0-9_]*$/,
    name: "A-Z a-z 0-9 _, not beginning with a digit or WINDLASS_",
  },
} as const satisfies TextRule;

/** What a task says of itself, for people. */
export const DESCRIPTION = { min: 0, max: 1000, isMultiline: true } as const satisfies TextRule;

/** A SHA-256. */
export const SHA256_HEX = {
  min: 64,
  max: 64,
  alphabet: { pattern: /^[0-9a-f]*$/, name: "0-9 a-f" },
} as const satisfies TextRule;
