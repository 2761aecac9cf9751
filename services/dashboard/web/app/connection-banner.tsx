import { CircleCheck, CloudOff } from "lucide-react";
import { useConnection } from "../api/use-connection.ts";
import styles from "./connection-banner.module.css";

/** Says that the cluster cannot be reached, and for some seconds that it can be again. */
export function ConnectionBanner() {
  const state = useConnection();
  return (
    <div role="status" className={styles["place"]}>
      {state === "lost" && (
        <p className={styles["banner"]} data-tone="wait">
          <CloudOff aria-hidden size={15} />
          Connection lost. What you see may be old; trying again…
        </p>
      )}
      {state === "restored" && (
        <p className={styles["banner"]} data-tone="good">
          <CircleCheck aria-hidden size={15} />
          Connected again. Everything is up to date.
        </p>
      )}
    </div>
  );
}
