// Before anything is drawn: the theme that was chosen here. Without it the system's own holds, by the style sheet.
try {
  const theme = localStorage.getItem("planisphere.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; then there is nothing to remember.
}
