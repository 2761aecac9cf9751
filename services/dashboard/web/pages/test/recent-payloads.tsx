import { msOf } from "../../format/moments.ts";
import { Panel } from "../../parts/panel.tsx";
import { Loading, Quiet } from "../../parts/states.tsx";
import { StatusBadge } from "../../parts/status-badge.tsx";
import { Time } from "../../parts/time.tsx";
import styles from "./recent-payloads.module.css";
import type { RecentPayload } from "./use-recent-payloads.ts";

const PREVIEW_CHARS = 120;

/** Payloads that the task's last runs had; choosing one puts it into the editor. */
export function RecentPayloads(props: {
  readonly payloads: readonly RecentPayload[] | undefined;
  readonly onChoose: (payload: RecentPayload) => void;
}) {
  const { payloads, onChoose } = props;
  return (
    <Panel title="Recent payloads">
      {payloads === undefined ? (
        <Loading rows={3} />
      ) : payloads.length === 0 ? (
        <Quiet>None of its last runs had a payload.</Quiet>
      ) : (
        <ul>
          {payloads.map((payload) => (
            <li key={payload.run.id}>
              <button type="button" className={styles["choice"]} onClick={() => onChoose(payload)}>
                <span className={styles["line"]}>
                  <StatusBadge status={payload.run.status} />
                  <span className="soft">
                    <Time ms={msOf(payload.run.createTime)} as="distance" />
                  </span>
                </span>
                <code className={styles["preview"]}>{preview(payload.text)}</code>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function preview(text: string): string {
  return text
    .slice(0, 2 * PREVIEW_CHARS)
    .replaceAll(/\s+/gu, " ")
    .slice(0, PREVIEW_CHARS);
}
