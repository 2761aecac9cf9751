import { useQuery } from "@connectrpc/connect-query";
import { type Environment, EnvironmentService, EnvironmentType } from "@windlass/proto";
import { msOf } from "../../format/moments.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Queried } from "../../parts/states.tsx";
import { Time } from "../../parts/time.tsx";
import styles from "./environment-panel.module.css";
import { LimitEnvironment } from "./limit-environment.tsx";

const typeWords: Readonly<Record<EnvironmentType, string>> = {
  [EnvironmentType.UNSPECIFIED]: "Unknown",
  [EnvironmentType.DEVELOPMENT]: "Development",
  [EnvironmentType.STAGING]: "Staging",
  [EnvironmentType.PRODUCTION]: "Production",
};

/** What the environment is, and how many of its runs execute at once. */
export function EnvironmentPanel() {
  const query = useQuery(EnvironmentService.method.getEnvironment);
  return (
    <Queried query={query} rows={3}>
      {({ environment }) => environment !== undefined && <EnvironmentFacts environment={environment} />}
    </Queried>
  );
}

function EnvironmentFacts({ environment }: { readonly environment: Environment }) {
  const { id, slug, type, project, createTime, concurrencyLimit: limit } = environment;
  return (
    <Panel title={slug} actions={<LimitEnvironment limit={limit} />}>
      <Facts
        facts={[
          ["Type", typeWords[type] ?? typeWords[EnvironmentType.UNSPECIFIED]],
          ["Project", project],
          ["Runs that execute at once", limit === undefined ? "no limit" : limit.toLocaleString("en")],
          ["Made", <Time key="made" ms={msOf(createTime)} />],
          [
            "Id",
            <span key="id" className={styles["id"]}>
              <code>{id}</code>
              <CopyButton text={id} what="environment id" />
            </span>,
          ],
        ]}
      />
    </Panel>
  );
}
