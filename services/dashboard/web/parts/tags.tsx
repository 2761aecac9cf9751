import styles from "./tags.module.css";

/** A run's tags, "test" first when it is one. */
export function Tags({ tags, isTest = false }: { readonly tags: readonly string[]; readonly isTest?: boolean }) {
  return (
    <span className={styles["tags"]} title={tags.join(", ")}>
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
