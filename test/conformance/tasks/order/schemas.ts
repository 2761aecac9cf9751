import { schemaTask } from "@windlass/sdk";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import { said } from "../said.ts";

export const withZod = schemaTask({
  id: "with-zod",
  schema: z.object({
    user: z.object({ name: z.string(), age: z.coerce.number().int() }),
    tags: z.array(z.string()).default([]),
  }),
  init: () => said("task init"),
  run: async (payload) => payload,
});

export const withValibot = schemaTask({
  id: "with-valibot",
  schema: v.object({ user: v.object({ name: v.string(), age: v.pipe(v.number(), v.integer()) }) }),
  run: async (payload) => payload,
});

export const withArktype = schemaTask({
  id: "with-arktype",
  schema: type({ user: { name: "string", age: "number.integer" } }),
  run: async (payload) => payload,
});
