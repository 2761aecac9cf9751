import { useState } from "react";

/** "system" follows the machine. */
export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

/** Also in public/theme.js, which sets it before the first drawing. */
const KEY = "windlass-theme";

/** The chosen theme, kept in this browser, and how to choose another. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(read);
  return [
    theme,
    (chosen) => {
      if (chosen === "system") delete document.documentElement.dataset["theme"];
      else document.documentElement.dataset["theme"] = chosen;
      keep(chosen);
      setTheme(chosen);
    },
  ];
}

function read(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

function keep(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The browser keeps nothing for this page; the theme holds until it is left.
  }
}
