import { JsonView } from "./json-view.tsx";
import { Panel } from "./panel.tsx";
import type { PayloadSchema } from "../schema/payload-schema.ts";

/** What a task says of its payloads, as it says it. */
export function SchemaPanel({ schema }: { readonly schema: PayloadSchema }) {
  return (
    <Panel title="Payload schema">
      <JsonView text={JSON.stringify(schema, null, 2)} label="Payload schema" />
    </Panel>
  );
}
