import { expect, it } from "vitest";
import { keepaliveOptions } from "./keepalive.ts";

it("asks peers in the network for signs of life, and none behind a unix socket, which may be busy for minutes", () => {
  expect(keepaliveOptions("127.0.0.1:7070")).toMatchObject({ "grpc.keepalive_time_ms": 10_000 });
  expect(keepaliveOptions("unix:/tmp/worker")).toEqual({});
});
