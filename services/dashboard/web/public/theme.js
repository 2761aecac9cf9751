// Before anything is drawn: the theme that was chosen, if one was. See app/theme.ts.
try {
  const chosen = localStorage.getItem("windlass-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // The browser keeps nothing for this page: it follows the system.
}
