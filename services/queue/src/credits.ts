import { ALL_MACHINES, type MachineIndex, type MachineSet, setOf } from "./machines.ts";

/**
 * How many leases each holder (a supervisor's stream) is ready to take.
 *
 * Credits say what may be pushed, nothing more: they are not concurrency (that is counted from live leases, I4), and
 * they end with their holder. Choosing is a scan: some 30 ns for ten holders, 2 us for a thousand.
 */
export class Credits<Holder> {
  readonly #accounts = new Map<Holder, Account<Holder>>();
  readonly #ranking: Account<Holder>[] = [];

  /** Opens an account of one who offers these machines. Nothing happens when the holder has one. */
  open(holder: Holder, machines: MachineSet = ALL_MACHINES): void {
    if (this.#accounts.has(holder)) return;
    const account = { holder, machines, credits: 0, isHeld: false };
    this.#accounts.set(holder, account);
    this.#ranking.push(account);
  }

  /** Closes an account; its credits are gone. */
  close(holder: Holder): void {
    const account = this.#accounts.get(holder);
    if (account === undefined) return;
    this.#accounts.delete(holder);
    this.#ranking.splice(this.#ranking.indexOf(account), 1);
  }

  /** How many credits a holder has; 0 without an account. */
  balance(holder: Holder): number {
    return this.#accounts.get(holder)?.credits ?? 0;
  }

  /** Adds credits. Nothing happens without an account. */
  grant(holder: Holder, credits: number): void {
    const account = this.#accounts.get(holder);
    if (account !== undefined) account.credits += credits;
  }

  /** A held account keeps its credits, but none is taken from it. */
  setHeld(holder: Holder, isHeld: boolean): void {
    const account = this.#accounts.get(holder);
    if (account !== undefined) account.isHeld = isHeld;
  }

  /** The machines of all who have credits. */
  get machines(): MachineSet {
    let machines: MachineSet = 0;
    for (const account of this.#ranking) {
      if (!account.isHeld && account.credits > 0) machines |= account.machines;
      if (machines === ALL_MACHINES) break;
    }
    return machines;
  }

  /** The holder with the most credits of those that offer a machine, so that work spreads; undefined when none has any. */
  richest(machine: MachineIndex = 0): Holder | undefined {
    let richest: Account<Holder> | undefined;
    for (const account of this.#ranking) {
      if (account.isHeld || (account.machines & setOf(machine)) === 0) continue;
      if (account.credits > (richest?.credits ?? 0)) richest = account;
    }
    return richest?.holder;
  }

  /** Whether one more can be taken from this holder now. */
  canSpend(holder: Holder): boolean {
    const account = this.#accounts.get(holder);
    return account !== undefined && !account.isHeld && account.credits > 0;
  }

  /** Uses up one credit of a holder. False when it has none left. */
  spend(holder: Holder): boolean {
    const account = this.#accounts.get(holder);
    if (account === undefined || account.credits === 0) return false;
    account.credits -= 1;
    return true;
  }
}

interface Account<Holder> {
  readonly holder: Holder;
  readonly machines: MachineSet;
  credits: number;
  isHeld: boolean;
}
