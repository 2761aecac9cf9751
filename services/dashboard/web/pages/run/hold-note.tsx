import { Link } from "@tanstack/react-router";
import type { Hold } from "@windlass/proto";
import { Info } from "lucide-react";
import { msOf } from "../../format/moments.ts";
import { Time } from "../../parts/time.tsx";
import styles from "./hold-note.module.css";

/** Why a run does not execute. */
export function HoldNote({ hold }: { readonly hold: Hold }) {
  const untilMs = msOf(hold.until);
  return (
    <div className={styles["note"]} role="note" aria-label="Why it is not running">
      <Info aria-hidden size={15} />
      <div>
        {hold.message}
        {untilMs !== undefined && (
          <>
            {" "}
            It goes on <Time ms={untilMs} as="distance" />.
          </>
        )}
        {hold.runIds.length > 0 && (
          <ul>
            {hold.runIds.map((runId) => (
              <li key={runId}>
                <Link to="/runs/$runId" params={{ runId }}>
                  <code>{runId}</code>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
