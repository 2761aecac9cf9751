import { open } from "node:fs/promises";
import { findProgram } from "../oci/oci-runtime.ts";

/** The programs that make a worker's network, by their paths. */
export interface EgressTools {
  readonly slirp4netns: string;
  readonly nft: string;
}

/** What the machine lacks, one piece a line of the list. */
export interface MissingTools {
  readonly missing: readonly string[];
}

/** Looks for what a way out of a sandbox needs. That the kernel takes the rules shows when the first worker starts. */
export async function findEgressTools(
  machine: {
    findProgram?: (name: string) => Promise<string | undefined>;
    tunDevice?: string;
  } = {},
): Promise<EgressTools | MissingTools> {
  const find = machine.findProgram ?? findProgram;
  const tunDevice = machine.tunDevice ?? "/dev/net/tun";
  const missing: string[] = [];
  const program = async (name: string): Promise<string> => {
    const path = await find(name);
    if (path === undefined) missing.push(`${name} is not installed`);
    return path ?? "";
  };
  const slirp4netns = await program("slirp4netns");
  const nft = await program("nft");
  await program("nsenter");
  // Its file may be there without what answers when it is opened.
  await open(tunDevice, "r+").then(
    (file) => file.close(),
    (error: Error) => missing.push(`${tunDevice} cannot be opened (${error.message})`),
  );
  return missing.length > 0 ? { missing } : { slirp4netns, nft };
}
