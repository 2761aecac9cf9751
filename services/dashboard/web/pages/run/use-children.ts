import { createQueryOptions, useQuery, useTransport } from "@connectrpc/connect-query";
import { useQueries } from "@tanstack/react-query";
import { type ListRunsResponse, RunService } from "@windlass/proto";
import { useState } from "react";
import { areOver, type Children, type OpenTree } from "./shown-rows.ts";

/** So many are shown of one parent; the list of runs has all. */
const PAGE_SIZE = 500;
const REFRESH_MS = 1_000;
/** The tree is open from the beginning when it is small. */
const SMALL = 12;

/** The child runs of a run, and what of their tree is open. */
export interface ChildTree {
  readonly children: Children | undefined;
  readonly tree: OpenTree;
  readonly toggleAll: () => void;
  readonly toggleRun: (runId: string) => void;
}

/** Reads a run's children, and those of every run that is opened below it, for as long as any of them, or the parent, can change. */
export function useChildren(runId: string, isParentOver: boolean): ChildTree {
  const transport = useTransport();
  const [isOpenByHand, setOpenByHand] = useState<boolean>();
  const [openRunIds, setOpenRunIds] = useState<ReadonlySet<string>>(new Set());
  const query = useQuery(RunService.method.listRuns, requestOf(runId), {
    refetchInterval: ({ state }) => (isParentOver && isOver(state.data) ? false : REFRESH_MS),
  });
  const openIds = [...openRunIds];
  const opened = useQueries({
    queries: openIds.map((id) => ({
      ...createQueryOptions(RunService.method.listRuns, requestOf(id), { transport }),
      refetchInterval: ({ state }: { state: { data?: ListRunsResponse | undefined } }) =>
        isParentOver && isOver(state.data) ? false : REFRESH_MS,
    })),
  });
  const children = query.data === undefined ? undefined : childrenOf(query.data);
  const isOpen = isOpenByHand ?? (children !== undefined && children.runs.length <= SMALL);
  return {
    children,
    tree: {
      isOpen,
      openRunIds,
      childrenOf: new Map(
        openIds.flatMap((id, index) => {
          const data = opened[index]?.data;
          return data === undefined ? [] : [[id, childrenOf(data)] as const];
        }),
      ),
    },
    toggleAll: () => setOpenByHand(!isOpen),
    toggleRun: (id) =>
      setOpenRunIds((shown) => new Set(shown.has(id) ? [...shown].filter((one) => one !== id) : [...shown, id])),
  };
}

function requestOf(parentRunId: string) {
  return { parentRunId, pageSize: PAGE_SIZE };
}

function childrenOf({ runs, nextPageToken }: ListRunsResponse): Children {
  return { runs: runs.toReversed(), hasMore: nextPageToken !== "" };
}

function isOver(data: ListRunsResponse | undefined): boolean {
  return data !== undefined && areOver(childrenOf(data));
}
