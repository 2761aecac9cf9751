/**
 * What the next attempt must find as the first one did: environment variables, the working folder, listeners on the
 * process. Taken once, after the tasks are loaded, and put back after every attempt.
 */
export class ProcessState {
  readonly #env = new Map(Object.entries(process.env));
  readonly #cwd = process.cwd();
  readonly #listeners = new Map(process.eventNames().map((event) => [event, process.rawListeners(event)] as const));
  readonly #watchedEnv: NodeJS.ProcessEnv;
  #isEnvTouched = false;

  constructor() {
    this.#watchedEnv = this.#watch(process.env);
    process.env = this.#watchedEnv;
  }

  /** Throws when it cannot be put back, for example because the working folder is gone. */
  restore(): void {
    if (this.#isEnvTouched || process.env !== this.#watchedEnv) this.#restoreEnv();
    if (process.cwd() !== this.#cwd) process.chdir(this.#cwd);
    for (const event of process.eventNames()) this.#removeAddedListeners(event);
    for (const [event, listeners] of this.#listeners) addMissingListeners(event, listeners);
  }

  /** Reading every variable after every attempt would cost more than all the rest of an attempt; so whoever writes one is noticed. */
  #watch(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return new Proxy(env, {
      set: (target, name, value: unknown) => {
        this.#isEnvTouched = true;
        return Reflect.set(target, name, value);
      },
      deleteProperty: (target, name) => {
        this.#isEnvTouched = true;
        return Reflect.deleteProperty(target, name);
      },
      defineProperty: (target, name, descriptor) => {
        this.#isEnvTouched = true;
        return Reflect.defineProperty(target, name, descriptor);
      },
    });
  }

  #restoreEnv(): void {
    process.env = this.#watchedEnv;
    for (const name of Object.keys(process.env)) {
      if (!this.#env.has(name)) delete process.env[name];
    }
    for (const [name, value] of this.#env) {
      if (process.env[name] !== value) process.env[name] = value;
    }
    this.#isEnvTouched = false;
  }

  #removeAddedListeners(event: string | symbol): void {
    const known = this.#listeners.get(event) ?? [];
    for (const listener of process.rawListeners(event)) {
      if (!known.includes(listener)) process.removeListener(event, listener as Listener);
    }
  }
}

type Listener = (...args: unknown[]) => void;

function addMissingListeners(event: string | symbol, listeners: readonly unknown[]): void {
  if (process.listenerCount(event) === listeners.length) return;
  const present = process.rawListeners(event);
  for (const listener of listeners)
    if (!present.includes(listener as Listener)) process.on(event, listener as Listener);
}
