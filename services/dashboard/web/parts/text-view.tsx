import styles from "./text-view.module.css";

/** A text of a task, as it is: never markup. Scrolls within itself. `label` says what it is. */
export function TextView({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    // A region that scrolls has to be within reach of the keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className={styles["text"]} tabIndex={0} role="region" aria-label={label}>
      {text}
    </pre>
  );
}
