import { expect, it } from "vitest";
import { connectionUrl } from "./connection-url.ts";

it("adds the settings to those that the URL has, and keeps all else", () => {
  const url = new URL(connectionUrl("postgres://user:p%40ss@host:5432/db?sslmode=require&options=-c%20work_mem%3D8MB"));
  expect(url.searchParams.get("options")).toBe(
    "-c work_mem=8MB -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off",
  );
  expect(url.searchParams.get("sslmode")).toBe("require");
  expect(url.href).toContain("user:p%40ss@host:5432/db");
});
