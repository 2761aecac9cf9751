import { ExternalLink } from "lucide-react";
import { useSettings } from "../../api/use-settings.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import styles from "./run-page.module.css";

/** The trace of a run, by its traceparent "00-<trace>-<span>-<flags>": a link to where traces are looked at, when the dashboard knows of one. */
export function TraceFact({ traceparent }: { readonly traceparent: string }) {
  const id = traceparent.split("-")[1] ?? "";
  const template = useSettings()?.traceUrl ?? "";
  return (
    <span className={styles["trace"]}>
      {template === "" ? (
        <code title={traceparent}>{id}</code>
      ) : (
        <a href={template.replaceAll("{traceId}", id)} target="_blank" rel="noreferrer" title={traceparent}>
          <code>{id}</code>
          <ExternalLink aria-label="in another tab" size={12} />
        </a>
      )}
      <CopyButton text={id} what="trace id" />
    </span>
  );
}
