import { type NotReturned, type Settled } from "./call-reported.ts";
import type { HookArguments, ScopedHook } from "./hooks.ts";

/** Why a layer fails the attempt. */
export type LayerFailure = NotReturned | { readonly kind: "next not called"; readonly thrown: Error };

export interface Onion {
  /** Calls a layer. Never throws. */
  readonly call: (layer: ScopedHook, args: HookArguments) => Promise<Settled>;
  /** What is inside the innermost layer. Never throws. */
  readonly inside: () => Promise<void>;
  /** Called when a layer has failed, still inside of the layers around it. Never throws. */
  readonly onFailure: (failure: LayerFailure) => Promise<void>;
  /** Whether further layers may begin. */
  readonly isWanted: () => boolean;
  /** Whether layers that have begun may go on. */
  readonly isWaitedFor: () => boolean;
}

/**
 * Wraps what is inside into layers of middleware, outermost first. A layer is over when it has settled and so has what
 * is inside of it, also when it did not await that. `next()` resolves whatever became of the inside, unless the layer is
 * not waited for any longer: then it never does. It throws when it comes twice, or too late.
 */
export async function passThroughMiddleware(layers: readonly ScopedHook[], onion: Onion): Promise<void> {
  const [outermost, ...inner] = layers;
  if (outermost === undefined || !onion.isWanted()) return onion.inside();

  const next = new Next(describeLayer(outermost), () => passThroughMiddleware(inner, onion), onion.isWaitedFor);
  const settled = await onion.call(outermost, { fields: { next: () => next.call() } });
  const wasCalled = await next.close();
  if (settled.kind !== "returned") return onion.onFailure(settled);
  if (!wasCalled) return onion.onFailure({ kind: "next not called", thrown: nextNotCalled(outermost) });
}

/** One layer's way to what is inside of it. */
class Next {
  readonly #layer: string;
  readonly #inside: () => Promise<void>;
  readonly #isWaitedFor: () => boolean;
  #entered: Promise<void> | undefined;
  #isClosed = false;

  constructor(layer: string, inside: () => Promise<void>, isWaitedFor: () => boolean) {
    this.#layer = layer;
    this.#inside = inside;
    this.#isWaitedFor = isWaitedFor;
  }

  call(): Promise<void> {
    if (this.#entered !== undefined) throw new Error(`next() was called a second time by ${this.#layer}`);
    if (this.#isClosed) throw new Error(`next() was called by ${this.#layer} after it had ended`);
    this.#entered = this.#inside();
    return this.#return(this.#entered);
  }

  async #return(entered: Promise<void>): Promise<void> {
    await entered;
    if (!this.#isWaitedFor()) await new Promise<never>(() => {});
  }

  /** Waits for the inside, if it was entered, and says whether it was. */
  async close(): Promise<boolean> {
    this.#isClosed = true;
    await this.#entered;
    return this.#entered !== undefined;
  }
}

function nextNotCalled(layer: ScopedHook): Error {
  const error = new Error(`${describeLayer(layer)} returned without having called next()`);
  error.name = "MiddlewareNextNotCalledError";
  return error;
}

function describeLayer({ scope, name }: ScopedHook): string {
  if (scope === "task") return "the task's middleware";
  return name === "" ? "a global middleware" : `the global middleware "${name}"`;
}
