import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { choosePort, choosePrivatePort, isPortFree } from "./ports.ts";

test("a port that is free is kept, a taken or promised one gives way to the next", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(await isPortFree(port)).toBe(false);

  const taken = new Set<number>();
  const chosen = await choosePort(port, taken);
  expect(chosen).toBeGreaterThan(port);
  expect(await choosePort(chosen, taken)).toBeGreaterThan(chosen);
  server.close();
  await once(server, "close");
  expect(await choosePort(port, new Set())).toBe(port);
});

test("private ports lie below those that systems take for outgoing connections", async () => {
  const port = await choosePrivatePort(new Set());
  expect(port).toBeGreaterThanOrEqual(20_000);
  expect(port).toBeLessThan(30_000);
});
