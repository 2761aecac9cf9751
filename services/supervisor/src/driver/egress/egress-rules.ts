/** What is around a worker that has a way out: its own small network, with what forwards its packets on the other side. */
export const guestNetwork = {
  /** Of the range for tests of network devices (RFC 2544), which nobody has anything in. */
  cidr: "198.18.0.0/24",
  /** Where its questions for names are taken. What answers is the machine's own name server. */
  nameServer: "198.18.0.3",
} as const;

/** What no worker reaches, whatever is allowed. All of IPv6 comes on top. */
export const alwaysDenied: readonly string[] = [
  // This machine, by names of its own; loopback of the worker is not meant.
  "0.0.0.0/8",
  "127.0.0.0/8",
  guestNetwork.cidr,
  // Link-local: metadata and credentials at most clouds (169.254.169.254), and of containers (169.254.170.2).
  "169.254.0.0/16",
  // Metadata elsewhere: Alibaba, Azure, Oracle.
  "100.100.100.200/32",
  "168.63.129.16/32",
  "192.0.0.192/32",
  // Multicast, reserved, broadcast.
  "224.0.0.0/3",
];

/** Where the packets of one worker may go: IPv4 networks, as "192.0.2.0/24". */
export interface EgressPolicy {
  /** Wins over everything that is allowed. */
  readonly denied: readonly string[];
  /** "any": all that is not denied, and the machine's name server. Else these, and nothing is asked for names. */
  readonly allowed: readonly string[] | "any";
}

/**
 * The rules for nft, to be loaded in the worker's own network namespace before anything of it runs. They look at what it
 * sends, to its loopback excepted, and answer what may not go out at once: EHOSTUNREACH. The worker has no right to change them.
 */
export function createEgressRules({ denied, allowed }: EgressPolicy): string {
  const refuse = "reject with icmpx type admin-prohibited";
  const rules = [
    'oifname "lo" accept',
    `meta nfproto ipv6 ${refuse}`,
    // Port 53 alone: by others one would get at whatever else is at the name server's address, which may be the machine's loopback.
    ...(allowed === "any" ? [`ip daddr ${guestNetwork.nameServer} meta l4proto { tcp, udp } th dport 53 accept`] : []),
    `ip daddr @denied ${refuse}`,
    allowed === "any" ? "accept" : `ip daddr @allowed accept\n    ${refuse}`,
  ];
  return `table inet windlass {
${set("denied", [...alwaysDenied, ...denied])}${allowed === "any" ? "" : set("allowed", allowed)}  chain output {
    type filter hook output priority filter
    policy drop
    ${rules.join("\n    ")}
  }
}
`;
}

/** An interval set merges networks that overlap, and is asked once for each packet, however many there are. */
function set(name: string, networks: readonly string[]): string {
  const elements = [...new Set(networks)].join(", ");
  return `  set ${name} {
    type ipv4_addr
    flags interval
    auto-merge
${elements === "" ? "" : `    elements = { ${elements} }\n`}  }
`;
}
