import type { Queryable } from "@windlass/chassis";
import type { Supervisor } from "@windlass/proto";
import { supervisorToProto } from "../conversions/supervisor-to-proto.ts";
import * as store from "../store/list-supervisors.ts";
import { type Page, pageToken } from "../validation/page.ts";
import { SUPERVISOR_LIST } from "../validation/supervisor-requests.ts";

/** A page of the cluster's supervisors, by id. */
export async function listSupervisors(
  db: Queryable,
  page: Page,
): Promise<{ supervisors: Supervisor[]; nextPageToken: string }> {
  const rows = await store.listSupervisors(db, page.afterId ?? "", page.size + 1);
  const shown = rows.slice(0, page.size);
  const last = shown.at(-1);
  return {
    supervisors: shown.map(supervisorToProto),
    nextPageToken: rows.length > shown.length && last !== undefined ? pageToken(last.id, SUPERVISOR_LIST) : "",
  };
}
