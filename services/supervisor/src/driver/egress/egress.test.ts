import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock } from "@windlass/chassis";
import { afterEach, beforeEach, expect, test } from "vitest";
import { testLogger as logger } from "../../testing/start-peer.ts";
import { RuntimeUnavailable } from "../oci/oci-runtime.ts";
import { createWorkerNetwork, type EgressOptions } from "./egress.ts";
import type { EgressSettings } from "./egress-settings.ts";
import { findEgressTools } from "./egress-tools.ts";
import { createHostsFile, createResolvConf } from "./name-files.ts";

let workDir: string;
beforeEach(async () => {
  workDir = await mkdtemp(join(tmpdir(), "windlass-egress-"));
});
afterEach(() => rm(workDir, { recursive: true }));

const tools = { slirp4netns: "/tools/slirp4netns", nft: "/tools/nft" };
const addresses: Readonly<Record<string, string[]>> = { "api.test": ["203.0.113.7"], "run-store": ["192.0.2.70"] };

function wrap(settings: Partial<EgressSettings>, options: Partial<EgressOptions> = {}) {
  const network = createWorkerNetwork(
    { mode: "open", allow: [], deny: [], controlPlane: ["run-store:7070"], ...settings },
    {
      clock: createFakeClock(),
      logger,
      findTools: () => Promise.resolve(tools),
      lookup: async (name) => addresses[name] ?? Promise.reject(new Error("ENOTFOUND")),
      ownAddresses: () => ["192.0.2.1"],
      ...options,
    },
  );
  return network.wrap(["runc", "run"], { workerId: "w", workDir });
}
const rules = () => readFile(join(workDir, "network", "rules"), "utf8");

test("none needs nothing of the machine and changes nothing of the command", async () => {
  const findTools = () => Promise.reject(new Error("not asked for"));
  expect(await wrap({ mode: "none" }, { findTools })).toEqual(["runc", "run"]);
});

test("this machine's addresses, the control plane's and what is listed are denied", async () => {
  const line = await wrap({ deny: ["198.51.100.0/24"] });
  expect(line.slice(-3)).toEqual(["--", "runc", "run"]);
  expect(await rules()).toContain(", 198.51.100.0/24, 192.0.2.70/32, 192.0.2.1/32 }");
});

test("a list lets out what it names, and the name server is turned off", async () => {
  const line = await wrap({ mode: "allowlist", allow: ["api.test", "203.0.113.64/26"] });
  expect(line).toContain("--disable-dns");
  expect(await rules()).toContain("elements = { 203.0.113.64/26, 203.0.113.7/32 }");
});

test.each<[string, Partial<EgressSettings>, string]>([
  [
    "a host that is not found",
    { mode: "allowlist", allow: ["nowhere.test"] },
    "the host nowhere.test cannot be resolved",
  ],
  ["a control plane that is not found", { controlPlane: ["gone:7070"] }, "the host gone cannot be resolved"],
  ["the control plane on a list", { mode: "allowlist", allow: ["run-store"] }, "has run-store, which is always denied"],
  ["this machine on a list", { mode: "allowlist", allow: ["192.0.2.1"] }, "has 192.0.2.1/32, which is always denied"],
  ["metadata on a list", { mode: "allowlist", allow: ["169.254.169.254"] }, "which is always denied"],
])("%s is refused, named", async (_, settings, why) => {
  const error: unknown = await wrap(settings).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RuntimeUnavailable);
  expect((error as Error).message).toContain(why);
});

test("each piece that a machine lacks is named, and that none does without", async () => {
  const findTools = () =>
    findEgressTools({ findProgram: () => Promise.resolve(undefined), tunDevice: join(workDir, "tun") });
  const failing = wrap({}, { findTools });
  await expect(failing).rejects.toThrow(
    /^WINDLASS_EGRESS=open cannot be had here: slirp4netns is not installed, nft is not installed, nsenter is not installed, .*tun cannot be opened \(ENOENT.*; WINDLASS_EGRESS=none needs nothing of it$/,
  );
});

test("names: the machine's search list with the network's own name server, or the addresses that are let through", () => {
  expect(createResolvConf("# by hand\nnameserver 127.0.0.53\nsearch example.com\noptions ndots:5\n")).toBe(
    "nameserver 198.18.0.3\nsearch example.com\noptions ndots:5\n",
  );
  expect(createHostsFile(new Map([["api.test", ["203.0.113.7", "203.0.113.8"]]]))).toBe(
    "127.0.0.1 localhost\n::1 localhost\n203.0.113.7 api.test\n203.0.113.8 api.test\n",
  );
});
