import { guestNetwork } from "./egress-rules.ts";

/** A worker's /etc/resolv.conf: the machine's, with its own name server in place of those that it has no way to. */
export function createResolvConf(ofMachine: string): string {
  const kept = ofMachine.split("\n").filter((line) => /^\s*(search|domain|options)\s/.test(line));
  return `${[`nameserver ${guestNetwork.nameServer}`, ...kept].join("\n")}\n`;
}

/** The /etc/hosts of a worker that may ask for no names: those it may reach, with exactly the addresses that are let through. */
export function createHostsFile(addressesByName: ReadonlyMap<string, readonly string[]>): string {
  const lines = ["127.0.0.1 localhost", "::1 localhost"];
  for (const [name, addresses] of addressesByName) {
    for (const address of addresses) lines.push(`${address} ${name.replace(/\.$/, "")}`);
  }
  return `${lines.join("\n")}\n`;
}
