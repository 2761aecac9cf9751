import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@windlass/chassis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandsContaining, eventually } from "../../testing/processes.ts";
import { openSandbox, type Sandbox, skipNote, tryTiers } from "../../testing/sandboxes.ts";
import { testLogger as logger } from "../../testing/start-peer.ts";
import { createWorkerNetwork } from "./egress.ts";
import { findEgressTools } from "./egress-tools.ts";

// A worker with a network is a worker as any other. These run on the machine's real network, and send nothing into it.

const openNetwork = (options: Partial<Parameters<typeof createWorkerNetwork>[1]> = {}) =>
  createWorkerNetwork(
    { mode: "open", allow: [], deny: [], controlPlane: ["127.0.0.1:7070"] },
    { clock: systemClock, logger, ...options },
  );

/** Gets each; says the errors' codes, or "reached". */
const getEach = (urls: readonly string[]) => `
  import { get } from "node:http";
  import { say } from "./say.mjs";
  const codes = ${JSON.stringify(urls)}.map((url) => new Promise((resolve) => {
    get(url, { agent: false }, () => resolve("reached")).on("error", ({ code }) => resolve(code));
  }));
  await say(await Promise.all(codes));
  setInterval(() => {}, 1_000);`;

const tools = await findEgressTools();
const noTools = "missing" in tools ? tools.missing.join(", ") : undefined;

for (const { tier, whyNot } of (await tryTiers()).filter((each) => each.tier !== "process")) {
  const reason = whyNot ?? noTools;
  describe.skipIf(reason !== undefined)(`a worker of ${tier} with a network${skipNote(reason)}`, () => {
    let sandbox: Sandbox;
    beforeEach(async () => {
      sandbox = await openSandbox(tier, openNetwork());
    });
    afterEach(() => sandbox.close());

    it("reaches no server on the supervisor's machine, whichever of its addresses it takes", async () => {
      let requests = 0;
      const server = createServer((_, response) => {
        requests += 1;
        response.end();
      });
      try {
        await once(server.listen(0, "0.0.0.0"), "listening");
        const { port } = server.address() as AddressInfo;
        const own = Object.values(networkInterfaces())
          .flatMap((addresses) => addresses ?? [])
          .filter(({ family }) => family === "IPv4");
        // slirp4netns forwards its gateway's address to the machine's loopback, unless told not to.
        const hosts = [...own.map(({ address }) => address), "198.18.0.2", "localhost", "0.0.0.0"];
        const worker = await sandbox.start(getEach(hosts.map((host) => `http://${host}:${port}/`)));
        expect(await worker.next()).not.toContain("reached");
        expect(requests).toBe(0);
      } finally {
        server.close();
      }
    });

    it("does not see what others listen on, on its loopback", async () => {
      const listening = await sandbox.start(`
        import { createServer } from "node:http";
        import { say } from "./say.mjs";
        createServer((_, response) => response.end()).listen(8_080, "127.0.0.1", () => say("listening"));`);
      expect(await listening.next()).toBe("listening");
      const worker = await sandbox.start(getEach(["http://127.0.0.1:8080/"]));
      expect(await worker.next()).toEqual(["ECONNREFUSED"]);
    });

    it("ends as it does without one, and its output is its own", async () => {
      const worker = await sandbox.start(`console.log("last words"); process.exitCode = 7;`);
      expect(await worker.process.exited).toEqual({ exitCode: 7, wasKilled: false, output: "last words\n" });
    });

    it("takes what forwards its packets with it when it is killed", async () => {
      const worker = await sandbox.start(getEach([]));
      await worker.next();
      const forwarding = () => commandsContaining(join(sandbox.privateDir, worker.id, "network"));
      expect((await forwarding()).join("\n")).toContain("slirp4netns");
      worker.process.kill();
      expect(await worker.process.exited).toMatchObject({ signal: "SIGKILL", wasKilled: true });
      await eventually(async () => (await forwarding()).length === 0);
    });
  });

  describe.skipIf(reason !== undefined)(`containers of ${tier} without the network that they are to have`, () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "windlass-egress-"));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it.each([
      ["nft", "nft: no rules today"],
      ["slirp4netns", "slirp4netns: no rules today"],
    ] as const)("are not started when %s fails, and its words say why", async (name, why) => {
      const failing = join(folder, "failing");
      await writeFile(failing, "#!/bin/sh\necho no rules today >&2\nexit 1\n");
      await chmod(failing, 0o755);
      const findTools = () => Promise.resolve({ ...tools, [name]: failing });
      await expect(openSandbox(tier, openNetwork({ findTools }))).rejects.toThrow(
        `cannot make the network of a worker: ${why}`,
      );
    });
  });
}
