import { activeAttempt } from "./active-attempt.ts";

/** Carries the type of a local. No value has this property. */
declare const local: unique symbol;

/** A place in the attempt's store, made by `locals.create`. */
export interface LocalsKey<T> {
  readonly id: string;
  readonly [local]?: T;
}

/**
 * Values that middleware, hooks and `run` of one attempt share. Each attempt begins with an empty store, also in a
 * process that has executed others.
 */
export const locals = {
  /** Names a place. Two keys of the same name are the same place. */
  create<T>(id: string): LocalsKey<T> {
    if (typeof id !== "string" || id === "") throw new TypeError("locals.create takes a name");
    return { id };
  },

  /** What the attempt has stored there; undefined when nothing, and outside of attempts. */
  get<T>(key: LocalsKey<T>): T | undefined {
    return currentStore()?.get(key.id) as T | undefined;
  },

  /** Throws an Error that names the key when nothing is stored there. */
  getOrThrow<T>(key: LocalsKey<T>): T {
    const store = currentStore();
    if (store === undefined) throw new Error(`the local "${key.id}" was read outside of an attempt`);
    if (!store.has(key.id)) throw new Error(`the local "${key.id}" is not set in this attempt`);
    return store.get(key.id) as T;
  },

  /** Stores a value until the attempt ends, and returns it. Throws an Error outside of attempts. */
  set<T>(key: LocalsKey<T>, value: T): T {
    const store = currentStore();
    if (store === undefined) throw new Error(`the local "${key.id}" was set outside of an attempt`);
    store.set(key.id, value);
    return value;
  },
};

const STORE = Symbol.for("windlass.sdk/1/locals");

function currentStore(): Map<string, unknown> | undefined {
  return activeAttempt.current?.state(STORE, () => new Map());
}
