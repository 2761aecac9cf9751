// A task whose payload is checked before anything of it runs. Any library that implements Standard Schema will do: zod,
// valibot, arktype ... invite.trigger() refuses a payload that does not match, with the issues listed by path, and so does the worker when the task is
// triggered in another way. The dashboard's test page knows the schema, too: it makes an example, and checks what is written there.
import { schemaTask } from "@windlass/sdk";
import { z } from "zod";

export const invite = schemaTask({
  id: "invite",
  description: "Invites people to an event",
  schema: z.object({
    to: z.array(z.email()).min(1).describe("Whom to invite"),
    // JSON has no dates: who triggers gives a string, run gets a Date.
    on: z.coerce.date<string>(),
    seats: z.number().int().positive().default(1),
  }),
  run: async ({ to, on, seats }) => ({
    letters: to.map((address) => `${address}: ${seats} seat(s) on ${on.toISOString().slice(0, 10)}`),
  }),
});
