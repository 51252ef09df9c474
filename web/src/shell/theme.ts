// Light or dark: the system's choice until the viewer makes another. public/theme.js sets it before the first paint.

import { signal } from "@preact/signals";

export type Theme = "light" | "dark";

const KEY = "headway.theme";

function current(): Theme {
  return document.documentElement.dataset["theme"] === "dark" ? "dark" : "light";
}

export const theme = signal<Theme>(current());

addEventListener("headway:theme", () => {
  theme.value = current();
});

/** Remembered only while it differs from the system's choice, so that the page follows the system again. */
export function toggleTheme(): void {
  const chosen: Theme = theme.value === "dark" ? "light" : "dark";
  const system: Theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset["theme"] = chosen;
  theme.value = chosen;
  try {
    if (chosen === system) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
}
