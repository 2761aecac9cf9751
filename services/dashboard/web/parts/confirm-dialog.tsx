import { type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./button.tsx";
import styles from "./confirm-dialog.module.css";

/** Asks before something that has consequences. Shown while it is in the tree; Escape and the button before both leave everything as it is. */
export function ConfirmDialog(props: {
  readonly title: string;
  /** Says what happens: "Cancel run". */
  readonly action: string;
  /** "strong" for what harms nothing. */
  readonly look?: "danger" | "strong";
  /** Says that nothing happens; "Keep" unless told. */
  readonly keep?: string;
  /** "wide" for a form. */
  readonly size?: "wide";
  readonly isRunning?: boolean;
  readonly isDisabled?: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}) {
  const { title, action, look = "danger", keep = "Keep", size, isRunning = false, isDisabled = false } = props;
  const { onConfirm, onClose, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className={styles["dialog"]} data-size={size} aria-labelledby={titleId} onClose={onClose}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
        }}
      >
        <h2 id={titleId}>{title}</h2>
        <div className={styles["body"]}>{children}</div>
        <footer className={styles["footer"]}>
          <Button onClick={() => dialog.current?.close()}>{keep}</Button>
          <Button look={look} type="submit" disabled={isRunning || isDisabled}>
            {action}
          </Button>
        </footer>
      </form>
    </dialog>
  );
}
