import { expect, test } from "vitest";
import { natsConnectionOptions } from "./connection-options.ts";

test.each([
  [["nats://a:4222", "nats://b:4222"], { servers: ["a:4222", "b:4222"] }],
  [["127.0.0.1:4222"], { servers: ["127.0.0.1:4222"] }],
  [["nats://me:p%40ss@a:4222"], { servers: ["a:4222"], user: "me", pass: "p@ss" }],
  [["tls://a:4222"], { servers: ["a:4222"], tls: {} }],
])("%j", (urls, expected) => {
  expect(natsConnectionOptions(urls, "queue")).toMatchObject({ name: "queue", reconnect: false, ...expected });
});
