import { expect, test } from "vitest";
import { alwaysDenied, createEgressRules, guestNetwork } from "./egress-rules.ts";

test("everything is let out but what is denied, which includes link-local and metadata addresses, this machine and all of IPv6", () => {
  expect(createEgressRules({ denied: ["192.0.2.1/32"], allowed: "any" })).toBe(`table inet windlass {
  set denied {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { ${alwaysDenied.join(", ")}, 192.0.2.1/32 }
  }
  chain output {
    type filter hook output priority filter
    policy drop
    oifname "lo" accept
    meta nfproto ipv6 reject with icmpx type admin-prohibited
    ip daddr ${guestNetwork.nameServer} meta l4proto { tcp, udp } th dport 53 accept
    ip daddr @denied reject with icmpx type admin-prohibited
    accept
  }
}
`);
  for (const network of ["169.254.0.0/16", "127.0.0.0/8", "100.100.100.200/32", guestNetwork.cidr]) {
    expect(alwaysDenied).toContain(network);
  }
});

test("of a list nothing else is let out, no question for a name either, and what is denied wins", () => {
  const rules = createEgressRules({ denied: [], allowed: ["203.0.113.0/24", "203.0.113.0/24", "198.51.100.7/32"] });
  expect(rules).toContain("elements = { 203.0.113.0/24, 198.51.100.7/32 }");
  expect(rules).not.toContain(" 53 accept");
  expect(rules.slice(rules.indexOf("ip daddr"))).toBe(`ip daddr @denied reject with icmpx type admin-prohibited
    ip daddr @allowed accept
    reject with icmpx type admin-prohibited
  }
}
`);
});

test("a list whose hosts have no address at the moment lets nothing out", () => {
  const rules = createEgressRules({ denied: [], allowed: [] });
  expect(rules).toContain("set allowed {\n    type ipv4_addr\n    flags interval\n    auto-merge\n  }");
});
