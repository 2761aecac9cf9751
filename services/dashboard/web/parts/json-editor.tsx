import { lazy, Suspense } from "react";
import styles from "./json-editor.module.css";

/** What a JSON editor shows, and what it tells. */
export interface JsonEditorProps {
  /** For those who hear the page. */
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** On Ctrl+Enter, or Cmd+Enter. */
  readonly onSubmit?: () => void;
  readonly placeholder?: string;
  /** What else there is to say of the value, marked where it is; the array is another one when it says something else. */
  readonly marks?: readonly JsonMark[];
}

/** A remark about a place in a JSON text. */
export interface JsonMark {
  /** Names of fields, and places in arrays, from the outside inwards. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const CodeEditor = lazy(() =>
  import("./code-editor.tsx").then(({ CodeEditor: component }) => ({ default: component })),
);

/** Edits JSON, and marks where it is none; an empty text is no mistake. Its code comes only when one is shown. */
export function JsonEditor(props: JsonEditorProps) {
  return (
    <div className={styles["editor"]}>
      <Suspense fallback={<pre className={styles["coming"]}>{props.value}</pre>}>
        <CodeEditor {...props} />
      </Suspense>
    </div>
  );
}

/** What is wrong with a text as JSON; undefined when nothing is, or when it is empty. */
export function jsonProblem(text: string): string | undefined {
  if (text.trim() === "") return undefined;
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
