import { Monitor, Moon, Sun } from "lucide-react";
import { Button } from "../parts/button.tsx";
import { type Theme, themes, useTheme } from "./theme.ts";

const icons = { system: Monitor, light: Sun, dark: Moon } as const;

/** One button that goes through the themes: the system's, light, dark. */
export function ThemeSwitch() {
  const [theme, setTheme] = useTheme();
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] as Theme;
  const title = `Theme: ${theme}; change to ${next}`;
  return <Button look="bare" icon={icons[theme]} aria-label={title} title={title} onClick={() => setTheme(next)} />;
}
