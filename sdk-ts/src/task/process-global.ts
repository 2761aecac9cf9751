/**
 * A value that every copy of this SDK in the process shares. A bundler or a package manager may install the SDK twice;
 * a task registered with one copy must be known to the other. The key carries a version: a copy whose shape differs
 * must use another one.
 */
export function processGlobal<T>(name: string, create: () => T): T {
  const key = Symbol.for(`windlass.sdk/1/${name}`);
  const holder = globalThis as unknown as Record<symbol, T | undefined>;
  return (holder[key] ??= create());
}
