/** A value that cannot be encoded, and where in the whole it is. */
export class UnencodableError extends Error {
  override readonly name: string = "UnencodableError";
  /** For example "output.items[3].callback". */
  readonly path: string;
  /** For example "is a function, which cannot leave its process". */
  readonly problem: string;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path} ${problem}`, options);
    this.path = path;
    this.problem = problem;
  }
}

/** What encoding a value takes. */
export interface Findings {
  /** The first value that cannot be encoded at all. */
  readonly unencodable: UnencodableError | undefined;
  /** Whether it holds values that JSON would change or drop without a word, and superjson keeps: Date, Map, Set, BigInt, URL, RegExp, Error, undefined, NaN, Infinity. */
  readonly isRich: boolean;
}

type Step = string | number;

/** Deeper values would overflow the stack of whoever reads them. */
const MAX_DEPTH = 1_000;
/** Names by which a decoder could be led to a prototype; superjson refuses them, JSON carries them like any other. */
const RESERVED_FIELDS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
const PLAIN: Findings = { unencodable: undefined, isRich: false };

/**
 * Looks through a value before it is encoded. What has a toJSON method of its own is left to it, and an instance of a class becomes its fields: so
 * what only superjson can carry is refused inside of one, and everywhere when `isJsonOnly`.
 */
export function inspectValue(what: string, root: unknown, isJsonOnly: boolean): Findings {
  if (isPlain(root)) return PLAIN;
  const path: Step[] = [];
  const ancestors = new Set<object>();
  /** The innermost class whose instance is being looked through. */
  let insideOf: string | undefined;
  let isRich = false;
  let reserved: string | undefined;
  const problem = visit(root);
  if (problem !== undefined) return { unencodable: new UnencodableError(pathFrom(what, path), problem), isRich };
  if (!isRich || reserved === undefined) return { unencodable: undefined, isRich };
  return { unencodable: new UnencodableError(reserved, RESERVED_PROBLEM), isRich };

  /** Says what is wrong; `path` then leads to it. */
  function visit(value: unknown): string | undefined {
    if (isPlain(value)) return undefined;
    if (value === undefined) return markRich();
    if (typeof value === "number") return refuseHere("not a finite number") ?? markRich();
    if (typeof value === "bigint") return refuseHere("a BigInt") ?? markRich();
    if (typeof value !== "object" || value === null) return `is a ${typeof value}, which cannot leave its process`;
    if (ancestors.has(value)) return "contains itself";
    if (path.length >= MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
    ancestors.add(value);
    const problemInside = visitObject(value);
    ancestors.delete(value);
    return problemInside;
  }

  function visitObject(value: object): string | undefined {
    if (Array.isArray(value)) return visitItems(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return hasToJson(value) ? undefined : visitFields(value);
    if (value instanceof Date) {
      return Number.isNaN(value.getTime()) ? "is an invalid Date" : markRich();
    }
    if (value instanceof URL) return markRich();
    if (value instanceof RegExp) return refuseHere("a RegExp") ?? markRich();
    if (value instanceof Error) return refuseHere("an Error") ?? markRich() ?? visitStep("cause", value.cause);
    if (value instanceof Map) return refuseHere("a Map") ?? markRich() ?? visitEntries(value);
    if (value instanceof Set) return refuseHere("a Set") ?? markRich() ?? visitItems([...value]);
    const problem = problemOfInstance(value);
    if (problem !== undefined) return problem;
    if (hasToJson(value)) return undefined;
    const outer = insideOf;
    insideOf = nameOfClass(value);
    const problemInside = visitFields(value);
    insideOf = outer;
    return problemInside;
  }

  function markRich(): undefined {
    if (insideOf === undefined && !isJsonOnly) isRich = true;
  }

  function refuseHere(what: string): string | undefined {
    if (isJsonOnly) return `is ${what}, which JSON cannot carry`;
    if (insideOf === undefined) return undefined;
    return `is ${what} inside an instance of ${insideOf}: only plain objects, arrays, Maps and Sets can hold one`;
  }

  function visitItems(items: readonly unknown[]): string | undefined {
    for (let index = 0; index < items.length; index++) {
      const problem = visitStep(index, items[index]);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  function visitEntries(map: ReadonlyMap<unknown, unknown>): string | undefined {
    let index = 0;
    for (const [key, value] of map) {
      path.push(index++);
      const problem = visitStep("key", key) ?? visitStep("value", value);
      if (problem !== undefined) return problem;
      path.pop();
    }
    return undefined;
  }

  function visitFields(fields: object): string | undefined {
    for (const key of Object.keys(fields)) {
      const problem = visitStep(key, (fields as Readonly<Record<string, unknown>>)[key]);
      if (problem !== undefined) return problem;
      if (reserved === undefined && RESERVED_FIELDS.has(key)) reserved = pathFrom(what, [...path, key]);
    }
    return undefined;
  }

  function visitStep(step: Step, value: unknown): string | undefined {
    if (isPlain(value)) return undefined;
    path.push(step);
    const problem = visit(value);
    if (problem === undefined) path.pop();
    return problem;
  }
}

const RESERVED_PROBLEM =
  "has a name that is not allowed where Date, Map, Set, BigInt, URL, RegExp, Error or undefined occur: a decoder could take it for a prototype";

function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value);
    default:
      return value === null;
  }
}

function problemOfInstance(value: object): string | undefined {
  if (value instanceof Promise) return "is a promise: it was not awaited";
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return "is binary data, which JSON cannot carry";
  if (Symbol.asyncIterator in value || value instanceof ReadableStream || value instanceof WritableStream) {
    return "is a stream, which cannot leave its process";
  }
  return undefined;
}

function hasToJson(value: object): boolean {
  return "toJSON" in value && typeof value.toJSON === "function";
}

function nameOfClass(value: object): string {
  const { constructor } = value;
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "a class";
}

function pathFrom(what: string, path: readonly Step[]): string {
  return what + path.map(pathStep).join("");
}

function pathStep(step: Step): string {
  if (typeof step === "number") return `[${step}]`;
  return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step.slice(0, 64))}]`;
}
