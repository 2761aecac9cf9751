import { BlockList, isIPv4, isIPv6 } from "node:net";

/** What a worker may or may not reach: an IPv4 network, of one address at least, or a host by its name. */
export type EgressTarget =
  | { readonly kind: "network"; readonly network: string }
  | { readonly kind: "name"; readonly name: string };

/** More could not be told apart by whoever has to keep the list. */
export const maxEgressTargets = 256;

const label = "[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?";
const hostName = new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*\\.?$`);

/** Reads "192.0.2.7", "192.0.2.0/24" or "api.example.com". Throws an Error that says what is wrong with anything else. */
export function parseEgressTarget(text: string): EgressTarget {
  const [address = "", prefix, ...rest] = text.split("/");
  if (isIPv6(address.replace(/^\[(.*)\]$/, "$1")))
    throw new Error(`${text}: workers have no IPv6, so it can be reached by none`);
  if (prefix !== undefined) {
    const isNetwork = isIPv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32 && rest.length === 0;
    if (!isNetwork) throw new Error(`${text}: must be a network like 192.0.2.0/24`);
    return { kind: "network", network: `${address}/${Number(prefix)}` };
  }
  if (isIPv4(text)) return { kind: "network", network: `${text}/32` };
  if (text.includes("*")) throw new Error(`${text}: a name stands for one host, without wildcards`);
  if (/:\d+$/.test(text)) throw new Error(`${text}: must be without a port; all ports of a host are meant`);
  // What ends in a number is an address to programs, whatever it is to DNS.
  if (!hostName.test(text) || /(^|\.)\d+\.?$/.test(text)) {
    throw new Error(`${text}: must be an address, a network like 192.0.2.0/24, or the name of a host`);
  }
  return { kind: "name", name: text.toLowerCase() };
}

/** The host of a "host:port"; undefined when that is an IPv6 address, to which there is no way anyway. */
export function egressTargetOfPeer(address: string): EgressTarget | undefined {
  const host = address.slice(0, address.lastIndexOf(":"));
  return host.startsWith("[") ? undefined : parseEgressTarget(host);
}

/** Whether all of a network lies within one of the others. */
export function isCovered(network: string, others: readonly string[]): boolean {
  const [first, last] = boundsOf(network);
  return others.some((other) => {
    const list = new BlockList();
    list.addSubnet(...partsOf(other));
    return list.check(first) && list.check(last);
  });
}

function partsOf(network: string): [address: string, prefix: number] {
  const [address = "", prefix = "32"] = network.split("/");
  return [address, Number(prefix)];
}

function boundsOf(network: string): [first: string, last: string] {
  const [address, prefix] = partsOf(network);
  const value = address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const size = 2 ** (32 - prefix);
  const first = Math.floor(value / size) * size;
  return [addressOf(first), addressOf(first + size - 1)];
}

function addressOf(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
