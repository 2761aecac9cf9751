import { X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { Button } from "../parts/button.tsx";
import styles from "./notice-list.module.css";
import { currentNotices, dismiss, subscribeToNotices } from "./notices.ts";

/** What the page says in passing, in its corner. */
export function Notices() {
  const notices = useSyncExternalStore(subscribeToNotices, currentNotices);
  return (
    <div className={styles["notices"]} role="log" aria-live="polite" aria-label="Notices">
      {notices.map(({ id, tone, text }) => (
        <div key={id} className={styles["notice"]} data-tone={tone}>
          <p>{text}</p>
          <Button look="bare" icon={X} aria-label="Dismiss" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
