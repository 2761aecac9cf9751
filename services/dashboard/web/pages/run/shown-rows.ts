import { type Run, RunStatus } from "@windlass/proto";
import { msOf } from "../../format/moments.ts";
import { statusLook } from "../../format/run-status.ts";
import type { WaterfallRow } from "./waterfall.ts";

/** Runs that a run has triggered, as far as they were asked for. */
export interface Children {
  /** Oldest first. */
  readonly runs: readonly Run[];
  /** Whether there are more than these. */
  readonly hasMore: boolean;
}

/** What a row of the list shows. */
export type ShownRow =
  | { readonly kind: "event"; readonly key: string; readonly row: WaterfallRow }
  | { readonly kind: "children"; readonly key: string; readonly children: Children; readonly isOpen: boolean }
  | {
      readonly kind: "child";
      readonly key: string;
      readonly run: Run;
      readonly depth: number;
      readonly isOpen: boolean;
    }
  | {
      readonly kind: "childNote";
      readonly key: string;
      readonly note: ChildNote;
      readonly runId: string;
      readonly depth: number;
    };

/** Stands under an opened run in place of its children. */
export type ChildNote = "loading" | "none" | "more";

/** Which rows are wanted. */
export interface RowFilter {
  readonly hasLogs: boolean;
  readonly hasHooks: boolean;
}

/** What is open of the tree of child runs. */
export interface OpenTree {
  readonly isOpen: boolean;
  readonly openRunIds: ReadonlySet<string>;
  /** Of each opened run; absent while they are on their way. */
  readonly childrenOf: ReadonlyMap<string, Children>;
}

/** Deeper than this a run is a link and nothing more. */
export const MAX_TREE_DEPTH = 8;

/** The rows of a timeline with the tree of its child runs where the first of them was triggered. */
export function shownRows(
  rows: readonly WaterfallRow[],
  filter: RowFilter,
  children: Children | undefined,
  tree: OpenTree,
): readonly ShownRow[] {
  const shown: ShownRow[] = [];
  const first = children?.runs[0];
  let treeAtMs = first === undefined ? Number.POSITIVE_INFINITY : (msOf(first.createTime) ?? 0);
  const addTree = (): void => {
    treeAtMs = Number.POSITIVE_INFINITY;
    if (children !== undefined) addChildren(shown, children, tree);
  };
  for (const row of rows) {
    if (row.startMs > treeAtMs) addTree();
    if (row.kind === "log" && !filter.hasLogs) continue;
    if (row.kind === "hook" && !filter.hasHooks) continue;
    shown.push({ kind: "event", key: String(row.event.seq), row });
  }
  if (treeAtMs !== Number.POSITIVE_INFINITY) addTree();
  return shown;
}

function addChildren(shown: ShownRow[], children: Children, tree: OpenTree): void {
  shown.push({ kind: "children", key: "children", children, isOpen: tree.isOpen });
  if (!tree.isOpen) return;
  const parentId = children.runs[0]?.parentRunId ?? "";
  addRuns(shown, children, parentId, 2, tree);
}

function addRuns(
  shown: ShownRow[],
  { runs, hasMore }: Children,
  parentId: string,
  depth: number,
  tree: OpenTree,
): void {
  for (const run of runs) {
    const isOpen = depth < MAX_TREE_DEPTH && tree.openRunIds.has(run.id);
    shown.push({ kind: "child", key: run.id, run, depth, isOpen });
    if (!isOpen) continue;
    const below = tree.childrenOf.get(run.id);
    if (below !== undefined && below.runs.length > 0) addRuns(shown, below, run.id, depth + 1, tree);
    else shown.push(noteRow(below === undefined ? "loading" : "none", run.id, depth + 1));
  }
  if (hasMore) shown.push(noteRow("more", parentId, depth));
}

function noteRow(note: ChildNote, runId: string, depth: number): ShownRow {
  return { kind: "childNote", key: `${note}-${runId}`, note, runId, depth };
}

/** How many of them are in each status, the most frequent first. */
export function countByStatus(runs: readonly Run[]): readonly (readonly [RunStatus, number])[] {
  const counts = new Map<RunStatus, number>();
  for (const { status } of runs) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a);
}

/** Whether all of them have ended. */
export function areOver({ runs }: Children): boolean {
  return runs.every(({ status }) => statusLook(status).isEnd);
}
