import { once } from "node:events";
import { wait } from "@windlass/sdk";
import { said } from "../said.ts";

/** How a run shall go. */
export interface Plan {
  readonly plan: "succeed" | "fail" | "wait" | "be canceled";
}

export const output = { answer: 42 };

/** Goes as planned. */
export async function endAsAsked({ plan }: Plan, signal: AbortSignal): Promise<typeof output> {
  if (plan === "fail") throw new Error("as asked");
  if (plan === "wait") await wait.for({ seconds: 6 });
  if (plan === "be canceled") {
    said("running");
    await once(signal, "abort");
  }
  return output;
}
