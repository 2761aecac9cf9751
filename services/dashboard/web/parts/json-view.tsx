import { Fragment, useMemo } from "react";
import styles from "./text-view.module.css";

/** Beyond it a text is shown in one colour: a browser draws no hundred thousand pieces while somebody waits. */
const MAX_COLOURED_CHARS = 60_000;
const token = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gu;

/** JSON text with its keys, strings and literals told apart; text and nothing else. */
export function JsonView({ text, label }: { readonly text: string; readonly label: string }) {
  const pieces = useMemo(() => (text.length > MAX_COLOURED_CHARS ? [text] : colour(text)), [text]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className={styles["text"]} tabIndex={0} role="region" aria-label={label}>
      {pieces.map((piece, index) => (
        // oxlint-disable-next-line react/no-array-index-key
        <Fragment key={index}>{piece}</Fragment>
      ))}
    </pre>
  );
}

function colour(text: string) {
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(token)) {
    pieces.push(text.slice(end, match.index));
    const [whole, string, colon] = match;
    const kind = string === undefined ? "literal" : colon === undefined ? "string" : "key";
    pieces.push(<span className={styles[kind]}>{string ?? whole}</span>);
    if (colon !== undefined) pieces.push(colon);
    end = match.index + whole.length;
  }
  return [...pieces, text.slice(end)];
}
