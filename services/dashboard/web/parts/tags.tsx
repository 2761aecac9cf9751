import styles from "./tags.module.css";

/** A run's tags, "test" first when it is one. In one line, where long ones are cut, unless there is room for `wraps`. */
export function Tags(props: { readonly tags: readonly string[]; readonly isTest?: boolean; readonly wraps?: boolean }) {
  const { tags, isTest = false, wraps = false } = props;
  return (
    <span className={styles["tags"]} data-wraps={wraps} title={tags.join(", ")}>
      {isTest && (
        <span className={styles["tag"]} data-test="true">
          test
        </span>
      )}
      {tags.map((tag) => (
        <span key={tag} className={styles["tag"]}>
          {tag}
        </span>
      ))}
    </span>
  );
}
