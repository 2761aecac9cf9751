import type { UseQueryResult } from "@tanstack/react-query";
import { CloudOff, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { failureText, isDisconnection } from "../api/failure.ts";
import { Button } from "./button.tsx";
import styles from "./states.module.css";

/** One soft line where something would be. */
export function Quiet({ children }: { readonly children: ReactNode }) {
  return <p className={styles["quiet"]}>{children}</p>;
}

/** Nothing is there, why, and what to do about it. */
export function Empty(props: { readonly icon: LucideIcon; readonly title: string; readonly children?: ReactNode }) {
  const { icon: Icon, title, children } = props;
  return (
    <div className={styles["state"]}>
      <Icon aria-hidden size={22} strokeWidth={1.75} />
      <h2>{title}</h2>
      <div>{children}</div>
    </div>
  );
}

/** Bars in place of what is on its way. */
export function Loading({ rows = 6 }: { readonly rows?: number }) {
  return (
    <div className={styles["loading"]} role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className={styles["bar"]} />
      ))}
    </div>
  );
}

/** What failed, and a button to try again; a lost connection needs none, as it comes back by itself. */
export function Failed({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  if (isDisconnection(error)) {
    return (
      <Empty icon={CloudOff} title="Waiting for the cluster">
        This page fills as soon as the connection is back.
      </Empty>
    );
  }
  return (
    <div role="alert">
      <Empty icon={TriangleAlert} title="This could not be read">
        <p>{failureText(error)}</p>
        {retry !== undefined && <Button onClick={retry}>Try again</Button>}
      </Empty>
    </div>
  );
}

/** What a query has, or the state it is in. What was read before stays in sight while a later reading fails. */
export function Queried<T>(props: {
  readonly query: Pick<UseQueryResult<T>, "data" | "error" | "refetch">;
  readonly rows?: number;
  readonly children: (data: T) => ReactNode;
}) {
  const { query, rows = 6, children } = props;
  if (query.data !== undefined) return children(query.data);
  if (query.error !== null) return <Failed error={query.error} retry={() => void query.refetch()} />;
  return <Loading rows={rows} />;
}
