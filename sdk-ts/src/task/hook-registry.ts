import type { AnyHook, HookName } from "./hook-types.ts";
import { processGlobal } from "./process-global.ts";

/** A hook that runs for every task. */
export interface GlobalHook {
  /** The name it was registered under; empty when it has none. */
  readonly name: string;
  readonly fn: AnyHook;
}

/**
 * The global hooks of this process, in registration order. Lists are never changed in place, so whoever holds one can
 * walk it while hooks are registered. A hook registered while an attempt runs belongs to that attempt: it is gone when
 * the next one begins.
 */
export class HookRegistry {
  #hooks: Partial<Record<HookName, readonly GlobalHook[]>> = {};
  #beforeAttempt: Partial<Record<HookName, readonly GlobalHook[]>> | undefined;

  /** The same name again replaces in place. Throws a RangeError when there are too many. */
  register(hookName: HookName, hook: GlobalHook): void {
    const hooks = [...this.get(hookName)];
    const place = hook.name === "" ? -1 : hooks.findIndex(({ name }) => name === hook.name);
    if (place === -1 && hooks.length === MAX_HOOKS_OF_A_KIND) {
      throw new RangeError(`there are ${MAX_HOOKS_OF_A_KIND} global ${hookName} hooks, which is the limit`);
    }
    if (place === -1) hooks.push(hook);
    else hooks[place] = hook;
    this.#hooks = { ...this.#hooks, [hookName]: hooks };
  }

  get(hookName: HookName): readonly GlobalHook[] {
    return this.#hooks[hookName] ?? NONE;
  }

  beginAttempt(): void {
    this.#beforeAttempt = this.#hooks;
  }

  endAttempt(): void {
    this.#hooks = this.#beforeAttempt ?? this.#hooks;
    this.#beforeAttempt = undefined;
  }
}

/** Each result is stored with its attempt, so an attempt can only have so many. */
const MAX_HOOKS_OF_A_KIND = 40;
const NONE: readonly GlobalHook[] = [];

export const globalHooks = processGlobal("hooks", () => new HookRegistry());
