import { PageHeader } from "../../parts/page-header.tsx";
import { ApiKeys } from "./api-keys.tsx";
import { EnvironmentPanel } from "./environment-panel.tsx";
import styles from "./environment-page.module.css";
import { Variables } from "./variables.tsx";

/** The environment of whoever is signed in: its limit, the variables of its tasks, its keys. */
export function EnvironmentPage() {
  return (
    <>
      <PageHeader title="Environment" />
      <div className={styles["parts"]}>
        <EnvironmentPanel />
        <Variables />
        <ApiKeys />
      </div>
    </>
  );
}
