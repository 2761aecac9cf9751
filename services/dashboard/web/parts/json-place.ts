import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";

type Node = ReturnType<typeof syntaxTree>["topNode"];

/** Part of a text, in characters from its beginning. */
export interface TextRange {
  readonly from: number;
  readonly to: number;
}

/** Where a value is in a JSON text; for one that is missing, the beginning of what should have it. */
export function placeOf(state: EditorState, path: readonly (string | number)[]): TextRange {
  let node = valuesIn(syntaxTree(state).topNode)[0];
  for (const key of path) {
    const inner = node && childOf(node, key, state);
    if (inner === undefined) return node === undefined ? { from: 0, to: 0 } : { from: node.from, to: node.from + 1 };
    node = inner;
  }
  if (node === undefined) return { from: 0, to: 0 };
  const isWhole = node.name !== "Object" && node.name !== "Array";
  return { from: node.from, to: isWhole ? node.to : node.from + 1 };
}

function childOf(node: Node, key: string | number, state: EditorState): Node | undefined {
  if (node.name === "Array" && typeof key === "number") return valuesIn(node)[key];
  // Of fields that are there twice, JSON means the last.
  const field = node.getChildren("Property").findLast((each) => nameOf(each, state) === key);
  return field && valuesIn(field).at(-1);
}

function nameOf(field: Node, state: EditorState): string | undefined {
  const name = field.getChild("PropertyName");
  if (name === null) return undefined;
  try {
    return String(JSON.parse(state.sliceDoc(name.from, name.to)));
  } catch {
    return undefined; // Not finished yet.
  }
}

const VALUES = new Set(["Object", "Array", "String", "Number", "True", "False", "Null"]);

function valuesIn(node: Node): readonly Node[] {
  const values: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (VALUES.has(child.name)) values.push(child);
  return values;
}
