import { useSyncExternalStore } from "react";

let changes = 0;

/** A number that is another after every change of the theme: for what is drawn with colours that are computed. */
export function useThemeChange(): number {
  return useSyncExternalStore(subscribe, () => changes);
}

function subscribe(listener: () => void): () => void {
  const tell = (): void => {
    changes += 1;
    listener();
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(tell);
  system.addEventListener("change", tell);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    system.removeEventListener("change", tell);
    chosen.disconnect();
  };
}
