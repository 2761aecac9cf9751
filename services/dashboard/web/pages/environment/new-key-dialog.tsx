import { type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "../../parts/button.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import styles from "./new-key-dialog.module.css";

/** A key, this once: it is nowhere on the page afterwards. `children` say what else there is to do. */
export function NewKeyDialog(props: {
  readonly secret: string;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className={styles["dialog"]} aria-labelledby={titleId} onClose={props.onClose}>
      <h2 id={titleId}>Copy the new key now</h2>
      <p className="soft">It is shown this once. Nobody can read it again, here or in the cluster.</p>
      <p className={styles["key"]}>
        <code>{props.secret}</code>
        <CopyButton text={props.secret} what="API key" />
      </p>
      {props.children}
      <footer className={styles["footer"]}>
        <Button look="strong" onClick={() => dialog.current?.close()}>
          I have copied it
        </Button>
      </footer>
    </dialog>
  );
}
