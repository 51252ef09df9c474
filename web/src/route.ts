// What is shown, kept in the address: it can be linked to, and back goes back.

import { computed, signal } from "@preact/signals";

export type Route =
  | { readonly view: "wall" }
  | { readonly view: "device"; readonly id: string }
  | { readonly view: "fleet" }
  | { readonly view: "account" }
  | { readonly view: "sign-in" }
  | { readonly view: "welcome"; readonly token: string };

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function routeOf(hash: string): Route {
  const [path = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view, rest] = path.split("/", 2);
  if (view === "device" && rest) return { view, id: decoded(rest) };
  if (view === "welcome" && rest) return { view, token: decoded(rest) };
  if (view === "fleet" || view === "account" || view === "sign-in") return { view };
  return { view: "wall" };
}

export const hash = signal(location.hash);
export const route = computed(() => routeOf(hash.value));

/** What the whole page is limited to: it is in the address before the `#` and asked of the server. */
export const page = new URLSearchParams(location.search);
export const kiosk = page.has("kiosk");

function follow(): void {
  hash.value = location.hash;
}
addEventListener("hashchange", follow);
addEventListener("popstate", follow);

export const hrefs = {
  wall: "#/",
  fleet: "#/fleet",
  account: "#/account",
  signIn: "#/sign-in",
  device: (id: string): string => `#/device/${encodeURIComponent(id)}`,
};

/** Another device in place of this one: back leaves the device view, however many were looked at. */
export function replaceWith(href: string): void {
  history.replaceState(history.state, "", href);
  follow();
}

export function go(href: string): void {
  location.hash = href;
}
