import { said } from "../said.ts";

/** Where code shall throw, and how the run shall go otherwise. */
export interface Plan {
  /** Places, as they are said: "global init", "task middleware before" ... */
  readonly throwIn?: readonly string[];
  /** Throws null in place of an Error. */
  readonly throwNull?: boolean;
  /** How many attempts `run` lets fail. */
  readonly failures?: number;
  /** Waits for longer than stays in the process. */
  readonly wait?: boolean;
  /** Waits for its cancel. */
  readonly untilCanceled?: boolean;
}

/** Says that a place was reached, and throws if that is the plan. */
export function reach(place: string, { throwIn, throwNull }: Plan): void {
  said(place);
  if (throwIn?.includes(place) !== true) return;
  if (throwNull === true) throw null; // oxlint-disable-line no-throw-literal, typescript/only-throw-error -- anything can be thrown
  throw new Error(`thrown in ${place}`);
}
