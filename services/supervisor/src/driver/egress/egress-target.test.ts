import { expect, test } from "vitest";
import { egressTargetOfPeer, isCovered, parseEgressTarget } from "./egress-target.ts";

test("addresses, networks and names of hosts are told apart", () => {
  expect(parseEgressTarget("192.0.2.7")).toEqual({ kind: "network", network: "192.0.2.7/32" });
  expect(parseEgressTarget("192.0.2.0/24")).toEqual({ kind: "network", network: "192.0.2.0/24" });
  expect(parseEgressTarget("API.example.com")).toEqual({ kind: "name", name: "api.example.com" });
  expect(parseEgressTarget("localhost")).toEqual({ kind: "name", name: "localhost" });
});

test.each([
  ["*.example.com", "without wildcards"],
  ["api.example.com:443", "without a port"],
  ["192.0.2.7:443", "without a port"],
  ["2001:db8::1", "no IPv6"],
  ["2001:db8::/32", "no IPv6"],
  ["[2001:db8::1]", "no IPv6"],
  ["192.0.2.0/33", "must be a network"],
  ["example.com/24", "must be a network"],
  ["1.2.3", "must be an address"],
  ["10.0.0.1 } accept", "must be an address"],
  ["https://example.com", "must be"],
  ["", "must be an address"],
])("%j is refused, with what is wrong", (text, why) => {
  expect(() => parseEgressTarget(text)).toThrow(why);
});

test("the host of a service is meant with all of its ports; to an IPv6 address there is no way anyway", () => {
  expect(egressTargetOfPeer("run-store:7070")).toEqual({ kind: "name", name: "run-store" });
  expect(egressTargetOfPeer("10.0.0.5:7070")).toEqual({ kind: "network", network: "10.0.0.5/32" });
  expect(egressTargetOfPeer("[::1]:7070")).toBeUndefined();
});

test("a network is covered when all of it lies within another", () => {
  expect(isCovered("169.254.169.254/32", ["10.0.0.0/8", "169.254.0.0/16"])).toBe(true);
  expect(isCovered("169.254.0.0/15", ["169.254.0.0/16"])).toBe(false);
  expect(isCovered("0.0.0.0/0", ["10.0.0.0/8"])).toBe(false);
  expect(isCovered("255.255.255.255/32", ["224.0.0.0/3"])).toBe(true);
});
