import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { Empty, Failed } from "../parts/states.tsx";

/** In place of a page that failed to load or to draw. */
export function PageFailure({ error }: ErrorComponentProps) {
  const router = useRouter();
  return <Failed error={error} retry={() => void router.invalidate()} />;
}

/** In place of a page that is none. */
export function PageUnknown() {
  return (
    <Empty icon={Compass} title="There is no such page">
      The address may be old, or mistyped.
    </Empty>
  );
}
