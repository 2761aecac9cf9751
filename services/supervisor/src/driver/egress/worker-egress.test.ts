import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { scene, type SceneOrder, type SceneReport } from "../../testing/egress-scene.ts";
import { skipNote } from "../../testing/sandboxes.ts";
import type { SandboxTier } from "../driver.ts";
import { guestNetwork } from "./egress-rules.ts";
import type { EgressSettings } from "./egress-settings.ts";
import { findEgressTools } from "./egress-tools.ts";

// What real containers reach, on a machine with a network around it that is made for this (egress-scene.ts).

const program = fileURLToPath(new URL("../../testing/egress-scene.ts", import.meta.url));
const http = (host: string) => `${host}:${scene.port}`;
const { machine, neighbor, otherNeighbor, farAway, controlPlane, metadata } = scene;

const tries = {
  ownMachine: http(machine),
  neighbor: http(neighbor),
  otherNeighbor: http(otherNeighbor),
  farAway: http(farAway),
  controlPlane: http(controlPlane),
  metadata: http(metadata),
  neighborByName: http("neighbor.test"),
  metadataByName: http("metadata.test"),
  namesOfMachine: `udp://${machine}`,
  nameServer: `udp://${guestNetwork.nameServer}`,
  // The machine's name server is on its loopback, where an HTTP server is as well.
  nameServersOtherPorts: http(guestNetwork.nameServer),
};
type Tried = keyof typeof tries;

/** A scene takes seconds; one that hangs takes all it has started with it. */
const sceneLimitMs = 120_000;

async function play(tier: SandboxTier, changes: Partial<EgressSettings>): Promise<SceneReport> {
  const controlPlanes = ["run-store.test:7070", "127.0.0.1:7071"];
  const egress: EgressSettings = { mode: "open", allow: [], deny: [], controlPlane: controlPlanes, ...changes };
  const order: SceneOrder = { tier, egress, tries: Object.values(tries) };
  const ownNamespaces = ["--net", "--mount", "--propagation", "private", "--fork", "--kill-child"];
  const child = spawn("unshare", [...ownNamespaces, process.execPath, program], {
    stdio: ["pipe", "pipe", "pipe"],
    timeout: sceneLimitMs,
    killSignal: "SIGKILL",
  });
  child.stdin.end(JSON.stringify(order));
  const [out, complaints] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  if (out === "") throw new Error(`The scene ended without a report: ${complaints}`);
  return JSON.parse(out) as SceneReport;
}

function reached({ byWorker }: SceneReport): Tried[] {
  return (Object.keys(tries) as Tried[]).filter((name) => byWorker[tries[name]] === "reached");
}

/** Runs a program in a network namespace of its own; gives what it complains about. */
async function complaintOf(...command: string[]): Promise<string | undefined> {
  const child = spawn("unshare", ["--net", ...command], { stdio: ["ignore", "ignore", "pipe"] });
  const [complaints, [code]] = await Promise.all([text(child.stderr), once(child, "close") as Promise<[number]>]);
  return code === 0 ? undefined : `${command.join(" ")}: ${complaints.trim()}`;
}

/** Why this machine can have no network around it that is made for tests, or no rules; undefined when it can. */
async function whyNoNetworks(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "it needs Linux and root";
  const tools = await findEgressTools();
  if ("missing" in tools) return tools.missing.join(", ");
  const devices = ["ip", "link", "add", "dev", "near", "type", "veth"];
  return (await complaintOf(...devices)) ?? (await complaintOf(tools.nft, "add", "table", "inet", "windlass"));
}

const noNetworks = await whyNoNetworks();

for (const tier of ["runc", "runsc"] as const) {
  // That there are such containers at all; whatever goes wrong with their network is no reason to skip anything.
  const none = noNetworks === undefined ? await play(tier, { mode: "none" }) : undefined;
  const whyNot = noNetworks ?? none?.unavailable;

  describe.skipIf(whyNot !== undefined)(`the network of a worker of ${tier}${skipNote(whyNot)}`, () => {
    let open: SceneReport;
    beforeAll(async () => {
      open = await play(tier, { deny: [otherNeighbor] });
    });

    it("is tried where all that is refused would answer", () => {
      const { nameServer: _, nameServersOtherPorts: __, ...others } = tries;
      const all = Object.values(others).map((what) => [what, "reached"]);
      expect(open.byMachine).toEqual(Object.fromEntries(all));
    });

    it("open: reaches everything but the control plane, this machine, link-local addresses and what is denied, and asks for names over UDP", () => {
      expect(open.unavailable).toBeUndefined();
      expect(reached(open)).toEqual(["neighbor", "farAway", "neighborByName", "nameServer"]);
      expect(open.answered).toEqual({ [neighbor]: 2, [farAway]: 1 });
    });

    it("is told at once what is refused", () => {
      const refused = [machine, controlPlane, metadata, otherNeighbor, guestNetwork.nameServer].map(http);
      expect(refused.map((what) => open.byWorker[what])).toEqual(refused.map(() => "EHOSTUNREACH"));
    });

    it("allowlist: reaches what is listed by address, network and name and nothing else, and asks for no names", async () => {
      const report = await play(tier, { mode: "allowlist", allow: ["neighbor.test", "203.0.113.0/24"] });
      expect(report.unavailable).toBeUndefined();
      expect(reached(report)).toEqual(["neighbor", "farAway", "neighborByName"]);
      expect(report.answered).toEqual({ [neighbor]: 2, [farAway]: 1 });
    });

    it("none: reaches nothing", () => {
      expect(none && reached(none)).toEqual([]);
      expect(none?.answered).toEqual({});
    });

    it.each([
      ["nowhere.test", "the host nowhere.test cannot be resolved"],
      ["metadata.test", "WINDLASS_EGRESS_ALLOW has metadata.test, which is always denied"],
    ])("a list with %s is refused when the first container is tried", async (host, why) => {
      expect((await play(tier, { mode: "allowlist", allow: [host] })).unavailable).toContain(why);
    });
  });
}
