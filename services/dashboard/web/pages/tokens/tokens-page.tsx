import { getRouteApi } from "@tanstack/react-router";
import { TokenList } from "./token-list.tsx";
import { TokenView } from "./token-view.tsx";

const route = getRouteApi("/app/tokens");

/** The environment's waitpoint tokens, or one of them. */
export function TokensPage() {
  const { token, page } = route.useSearch();
  return token === undefined ? <TokenList page={page} /> : <TokenView key={token} tokenId={token} />;
}
