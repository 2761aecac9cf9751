import type { Content } from "@windlass/proto";
import type { ReactNode } from "react";
import { contentText } from "../format/content.ts";
import { CopyButton } from "./copy-button.tsx";
import { JsonView } from "./json-view.tsx";
import { Panel } from "./panel.tsx";
import { Quiet } from "./states.tsx";
import { TextView } from "./text-view.tsx";

/** A payload, an output or metadata, with a button to copy it; `none` when there is no value. */
export function ContentPanel(props: {
  readonly title: string;
  readonly content: Content | undefined;
  readonly none: ReactNode;
}) {
  const shown = contentText(props.content);
  if (shown === undefined) {
    return (
      <Panel title={props.title}>
        <Quiet>{props.none}</Quiet>
      </Panel>
    );
  }
  const View = shown.isJson ? JsonView : TextView;
  return (
    <Panel title={props.title} actions={<CopyButton text={shown.text} what={props.title.toLowerCase()} />}>
      <View text={shown.text} label={props.title} />
    </Panel>
  );
}
