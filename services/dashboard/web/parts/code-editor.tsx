import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter, lintGutter } from "@codemirror/lint";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { EditorView, highlightActiveLine, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import { codeEditorTheme } from "./code-editor-theme.ts";
import type { JsonEditorProps, JsonMark } from "./json-editor.tsx";
import { placeOf } from "./json-place.ts";

const parseLinter = jsonParseLinter();
const NO_MARKS: readonly JsonMark[] = [];
const setMarks = StateEffect.define<readonly JsonMark[]>();
const marksField = StateField.define<readonly JsonMark[]>({
  create: () => NO_MARKS,
  update: (marks, { effects }) => effects.findLast((effect) => effect.is(setMarks))?.value ?? marks,
});

/** Where the text is no JSON, else what is remarked of it. */
function diagnose(view: EditorView): readonly Diagnostic[] {
  const { state } = view;
  if (state.doc.toString().trim() === "") return [];
  const broken = parseLinter(view);
  if (broken.length > 0) return broken;
  return state
    .field(marksField)
    .map(({ path, message }) => ({ ...placeOf(state, path), message, severity: "warning" }));
}

const extensions = [
  lineNumbers(),
  history(),
  json(),
  indentOnInput(),
  bracketMatching(),
  highlightActiveLine(),
  lintGutter(),
  marksField,
  linter(diagnose, {
    delay: 250,
    needsRefresh: ({ transactions }) =>
      transactions.some(({ effects }) => effects.some((effect) => effect.is(setMarks))),
  }),
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: tags.propertyName, color: "var(--accent)" },
      { tag: tags.string, color: "var(--good)" },
      { tag: [tags.number, tags.bool, tags.null], color: "var(--busy)" },
    ]),
  ),
  EditorView.lineWrapping,
  codeEditorTheme,
];

/**
 * CodeMirror, in a shadow root: there it adopts its style sheets, while in the page it would add a <style>, which the Content-Security-Policy refuses.
 * The Tab key leaves it, as it leaves every other field.
 */
export function CodeEditor(props: JsonEditorProps) {
  const { label, value, onChange, onSubmit, placeholder: hint = "", marks = NO_MARKS } = props;
  const host = useRef<HTMLDivElement>(null);
  const shown = useRef<EditorView>(null);
  const latest = useRef({ value, onChange, onSubmit });
  useEffect(() => {
    latest.current = { value, onChange, onSubmit };
  });
  useEffect(() => {
    if (host.current === null) return undefined;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" });
    const submit = (): boolean => {
      latest.current.onSubmit?.();
      return latest.current.onSubmit !== undefined;
    };
    const view = new EditorView({
      parent: root,
      root,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          keymap.of([{ key: "Mod-Enter", run: submit }, ...defaultKeymap, ...historyKeymap]),
          extensions,
          placeholder(hint),
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
          EditorView.updateListener.of(({ docChanged, state }) => {
            if (docChanged) latest.current.onChange(state.doc.toString());
          }),
        ],
      }),
    });
    shown.current = view;
    return () => view.destroy();
  }, [label, hint]);
  useEffect(() => {
    const view = shown.current;
    if (view === null || view.state.doc.toString() === value) return;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => shown.current?.dispatch({ effects: setMarks.of(marks) }), [marks, label, hint]);
  return <div ref={host} />;
}
