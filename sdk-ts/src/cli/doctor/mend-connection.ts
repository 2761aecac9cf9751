import type { ResolvedConfig } from "../../client/client-config.ts";

/** What to do about an address that does not answer, from what the network said of it. */
export function mendConnection(
  reason: string,
  { useTls, address }: Pick<ResolvedConfig, "useTls" | "address">,
): string {
  if (/ECONNREFUSED/.test(reason)) {
    return `Start the cluster ("npm start" on your own machine), or correct the address ${address}.`;
  }
  if (/ENOTFOUND|EAI_AGAIN|Name resolution failed/.test(reason)) {
    return "The host name is not known: correct --url, or WINDLASS_URL.";
  }
  if (useTls && /ServerName to an IP address/.test(reason)) {
    return "TLS needs a host name: put one in place of the IP address, or use http:// inside of a private network.";
  }
  if (useTls && /certificate|self.signed/i.test(reason)) {
    return "Its certificate is not trusted: name its authority in NODE_EXTRA_CA_CERTS.";
  }
  if (useTls && /SSL|TLS|wrong version/i.test(reason)) {
    return "It may speak without TLS: try the address with http://.";
  }
  if (!useTls && /ECONNRESET|Protocol error|closed|GOAWAY/i.test(reason)) {
    return "It may want TLS: try the address with https://.";
  }
  if (/Deadline exceeded/i.test(reason)) {
    return "Something is there and says nothing: check that the address is a Windlass cluster's; --timeout gives it more time.";
  }
  return "Check the address, and firewalls on the way; --timeout gives it more time.";
}
