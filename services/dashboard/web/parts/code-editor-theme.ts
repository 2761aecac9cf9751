import { EditorView } from "@codemirror/view";

/** The editor in the page's own colours: custom properties reach into a shadow root. */
export const codeEditorTheme = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "transparent", fontSize: "var(--text-base)", textAlign: "start" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "-2px" },
  ".cm-scroller": {
    minHeight: "7rem",
    maxHeight: "28rem",
    overflow: "auto",
    fontFamily: "var(--font-code)",
    fontVariantLigatures: "none",
    lineHeight: "1.6",
  },
  ".cm-content": { padding: "var(--space-2) 0", caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-line": { padding: "0 var(--space-4) 0 var(--space-1)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--hover) 70%, transparent)" },
  ".cm-gutters": { color: "var(--ink-soft)", backgroundColor: "transparent", border: "0" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "2.25rem", padding: "0 var(--space-1)" },
  ".cm-gutter-lint": { width: "1.1rem" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "0.25rem 0 0 0.125rem" },
  ".cm-placeholder": { color: "var(--ink-soft)", verticalAlign: "bottom" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)" },
  ".cm-tooltip": {
    color: "var(--ink)",
    backgroundColor: "var(--raised)",
    border: "1px solid var(--line)",
    borderRadius: "var(--radius)",
    boxShadow: "var(--shadow-large)",
    fontFamily: "var(--font-text)",
    fontSize: "var(--text-small)",
  },
  ".cm-diagnostic": { padding: "var(--space-1) var(--space-2)" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--bad)" },
});
