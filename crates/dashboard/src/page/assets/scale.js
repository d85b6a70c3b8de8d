// Continuous colors. Of Viridis, which is even to the eye and readable by the color-blind, the part that stands out
// from the page.

const STOPS = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"];

const isDark = () => {
  const theme = document.documentElement.dataset.theme;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

export const stops = () => (isDark() ? STOPS.slice(2) : STOPS.slice(0, 9));
export const plotlyScale = () => stops().map((c, i, all) => [i / (all.length - 1), c]);
export const gradient = () => `linear-gradient(to right, ${stops().join(", ")})`;
