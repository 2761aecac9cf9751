import { useQuery } from "@connectrpc/connect-query";
import { type Token, TokenStatus, WaitpointService } from "@windlass/proto";
import { msOf } from "../../format/moments.ts";
import { ContentPanel } from "../../parts/content-panel.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Facts } from "../../parts/facts.tsx";
import { PageHeader } from "../../parts/page-header.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Queried } from "../../parts/states.tsx";
import { Tags } from "../../parts/tags.tsx";
import { Time } from "../../parts/time.tsx";
import { Trail } from "../../parts/trail.tsx";
import { CompleteToken } from "./complete-token.tsx";
import { TokenBadge } from "./token-badge.tsx";
import styles from "./token-view.module.css";

const REFRESH_MS = 2_000;

/** One token; while it is pending it can be completed by hand. */
export function TokenView({ tokenId }: { readonly tokenId: string }) {
  const query = useQuery(
    WaitpointService.method.getToken,
    { tokenId },
    { refetchInterval: ({ state }) => (state.data?.token?.status === TokenStatus.PENDING ? REFRESH_MS : false) },
  );
  return <Queried query={query}>{({ token }) => token !== undefined && <Shown token={token} />}</Queried>;
}

function Shown({ token }: { readonly token: Token }) {
  const { id, status, data, tags, idempotencyKey, createTime, timeoutTime, finishTime } = token;
  return (
    <>
      <PageHeader
        title={`Token ${id}`}
        heading={
          <Trail to="/tokens" from="Tokens">
            <code>{id}</code>
            <CopyButton text={id} what="token id" />
            <TokenBadge status={status} />
          </Trail>
        }
      />
      <div className={styles["column"]}>
        <Panel title="About">
          <Facts
            facts={[
              ["Created", <Time key="created" ms={msOf(createTime)} />],
              [
                "Times out",
                timeoutTime === undefined ? "Never" : <Time key="timeout" ms={msOf(timeoutTime)} as="distance" />,
              ],
              ["Ended", finishTime && <Time key="end" ms={msOf(finishTime)} />],
              ["Idempotency key", idempotencyKey],
              ["Tags", tags.length > 0 ? <Tags key="tags" tags={tags} wraps /> : undefined],
            ]}
          />
        </Panel>
        {status === TokenStatus.PENDING ? (
          <CompleteToken tokenId={id} />
        ) : (
          <ContentPanel
            title="Data"
            content={data}
            none={status === TokenStatus.TIMED_OUT ? "Nobody completed it in time." : "It was completed without data."}
          />
        )}
      </div>
    </>
  );
}
