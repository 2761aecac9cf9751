import { checkMetadata } from "../client/trigger-options.ts";
import { invalidField } from "../client/windlass-error.ts";
import { decodeContent, type EncodedContent } from "../content/json-content.ts";
import type { MetadataObject, MetadataValue } from "../content/metadata-content.ts";
import { type ActiveAttempt, activeAttempt } from "../task/active-attempt.ts";

/** What the attempt knows of its run's metadata. */
interface MetadataState {
  fields: ReadonlyMap<string, MetadataValue>;
  /** What the cluster has not been told yet. */
  unsent: EncodedContent | undefined;
}

const STATE = Symbol.for("windlass.sdk/1/metadata");

/**
 * The metadata of the run that is executing: a JSON object of at most 256 KB that anybody who reads the run sees. Changes made in the same moment travel
 * together, and are there in every later attempt. Outside of a run reading gives undefined, and changing throws an Error.
 *
 * What changes it throws WindlassError FIELD_INVALID for what JSON cannot carry, and when it becomes too large; it then stays as it was.
 */
export interface Metadata {
  /** All of it, as a copy. */
  current(): MetadataObject | undefined;
  /** A copy of one field. */
  get(key: string): MetadataValue | undefined;
  set(key: string, value: MetadataValue): Metadata;
  del(key: string): Metadata;
  /** Adds to the end of a list; a value that is no list becomes the first of one. */
  append(key: string, value: MetadataValue): Metadata;
  /** Takes every equal value out of a list. */
  remove(key: string, value: MetadataValue): Metadata;
  /** A field that is not there counts as 0. Throws for a value that is no number. */
  increment(key: string, by?: number): Metadata;
  decrement(key: string, by?: number): Metadata;
  /** Replaces all of it. */
  replace(replacement: MetadataObject): Metadata;
  /** Sends the changes made so far now; without it that happens as soon as the task's code awaits something. */
  flush(): Promise<void>;
}

export const metadata: Metadata = {
  current() {
    const attempt = activeAttempt.current;
    return attempt === undefined ? undefined : structuredClone(objectFrom(stateOf(attempt).fields));
  },
  get(key) {
    const attempt = activeAttempt.current;
    return attempt === undefined ? undefined : structuredClone(stateOf(attempt).fields.get(checkKey(key)));
  },
  set: (key, value) => change("metadata.set", (fields) => fields.set(checkKey(key), value)),
  del: (key) => change("metadata.del", (fields) => fields.delete(checkKey(key))),
  append: (key, value) =>
    change("metadata.append", (fields) => fields.set(checkKey(key), [...listAt(fields, key), value])),
  remove: (key, value) => change("metadata.remove", (fields) => removeFrom(fields, checkKey(key), value)),
  increment: (key, by = 1) =>
    change("metadata.increment", (fields) => fields.set(checkKey(key), numberAt(fields, key) + by)),
  decrement: (key, by = 1) =>
    change("metadata.decrement", (fields) => fields.set(checkKey(key), numberAt(fields, key) - by)),
  replace(replacement) {
    const encoded = checkMetadata(replacement, "metadata");
    return change("metadata.replace", (fields) => {
      fields.clear();
      for (const [key, value] of fieldsOf(encoded)) fields.set(key, value);
    });
  },
  async flush() {
    const attempt = activeAttempt.current;
    if (attempt !== undefined) send(attempt, stateOf(attempt));
  },
};

/** Applies a change to a copy and checks that. */
function change(what: string, apply: (fields: Map<string, MetadataValue>) => unknown): Metadata {
  const attempt = activeAttempt.current;
  if (attempt === undefined) {
    throw new Error(`${what} works only inside of a run; elsewhere use runs.updateMetadata(run, metadata)`);
  }
  const state = stateOf(attempt);
  const fields = new Map(state.fields);
  apply(fields);
  const encoded = checkMetadata(objectFrom(fields), "metadata");
  // A microtask: a run that returns right after a change ends after the change was sent.
  if (state.unsent === undefined) queueMicrotask(() => send(attempt, state));
  state.unsent = encoded;
  state.fields = fieldsOf(encoded);
  return metadata;
}

function send(attempt: ActiveAttempt, state: MetadataState): void {
  const { unsent } = state;
  if (unsent === undefined) return;
  state.unsent = undefined;
  attempt.describe({ metadata: unsent });
}

function stateOf(attempt: ActiveAttempt): MetadataState {
  return attempt.state(STATE, (): MetadataState => ({ fields: fieldsOf(attempt.initialMetadata), unsent: undefined }));
}

function fieldsOf(content: Parameters<typeof decodeContent>[0]): ReadonlyMap<string, MetadataValue> {
  return new Map(Object.entries((decodeContent(content) ?? {}) as MetadataObject));
}

/** A field may be called "__proto__". */
function objectFrom(fields: ReadonlyMap<string, MetadataValue>): MetadataObject {
  return Object.fromEntries(fields);
}

function checkKey(key: string): string {
  if (typeof key !== "string" || key === "") throw invalidField("key", "must be a string that is not empty.");
  if (key.startsWith("$."))
    throw invalidField("key", `"${key}" is a path; only the names of top-level fields are keys.`);
  return key;
}

function listAt(fields: ReadonlyMap<string, MetadataValue>, key: string): readonly MetadataValue[] {
  const value = fields.get(key);
  if (value === undefined) return [];
  return isList(value) ? value : [value];
}

function removeFrom(fields: Map<string, MetadataValue>, key: string, value: MetadataValue): void {
  if (!fields.has(key)) return;
  const json = JSON.stringify(value);
  fields.set(
    key,
    listAt(fields, key).filter((item) => JSON.stringify(item) !== json),
  );
}

function isList(value: MetadataValue): value is readonly MetadataValue[] {
  return Array.isArray(value);
}

function numberAt(fields: ReadonlyMap<string, MetadataValue>, key: string): number {
  const value = fields.get(key) ?? 0;
  if (typeof value === "number") return value;
  throw invalidField(`metadata.${key}`, "is not a number.");
}
