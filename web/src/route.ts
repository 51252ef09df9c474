// Which device is open, kept in the address: it can be linked to, and a phone's back button closes it.

import { signal } from "@preact/signals";

const PREFIX = "#/device/";

function fromAddress(): string | null {
  if (!location.hash.startsWith(PREFIX)) return null;
  try {
    return decodeURIComponent(location.hash.slice(PREFIX.length));
  } catch {
    return null;
  }
}

export const opened = signal<string | null>(fromAddress());

addEventListener("popstate", () => {
  opened.value = fromAddress();
});

export function open(id: string): void {
  const address = PREFIX + encodeURIComponent(id);
  if (opened.value === null) history.pushState({ here: true }, "", address);
  else history.replaceState(history.state, "", address);
  opened.value = id;
}

export function close(): void {
  if (opened.value === null) return;
  opened.value = null;
  if ((history.state as { here?: boolean } | null)?.here) history.back();
  else history.replaceState(null, "", location.pathname + location.search);
}
