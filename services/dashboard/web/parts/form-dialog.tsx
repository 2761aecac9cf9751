import { type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./button.tsx";
import styles from "./confirm-dialog.module.css";

/** Asks for what an action needs to know. Shown while it is in the tree; Escape and "Close" do nothing. */
export function FormDialog(props: {
  readonly title: string;
  /** Says what happens: "Create schedule". */
  readonly action: string;
  readonly isRunning?: boolean;
  readonly isDisabled?: boolean;
  readonly onSubmit: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const { title, action, isRunning = false, isDisabled = false, onSubmit, onClose, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className={styles["dialog"]} data-size="wide" aria-labelledby={titleId} onClose={onClose}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <h2 id={titleId}>{title}</h2>
        <div className={styles["body"]}>{children}</div>
        <footer className={styles["footer"]}>
          <Button onClick={() => dialog.current?.close()}>Close</Button>
          <Button look="strong" type="submit" disabled={isRunning || isDisabled}>
            {action}
          </Button>
        </footer>
      </form>
    </dialog>
  );
}
