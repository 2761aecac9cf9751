import { LinkButton } from "./link-button.tsx";
import styles from "./pager.module.css";

/** To the newest and to the older ones of a list that the URL's `page` pages through; nothing when all are shown. */
export function Pager(props: {
  readonly to: "/schedules" | "/batches" | "/tokens";
  readonly page: string | undefined;
  readonly nextPageToken: string;
}) {
  const { to, page, nextPageToken } = props;
  if (page === undefined && nextPageToken === "") return undefined;
  return (
    <nav className={styles["pages"]} aria-label="More">
      {page !== undefined && (
        <LinkButton to={to} search={{}}>
          Newest
        </LinkButton>
      )}
      {nextPageToken !== "" && (
        <LinkButton to={to} search={{ page: nextPageToken }}>
          Older
        </LinkButton>
      )}
    </nav>
  );
}
