// Keeps the shell of the page, so that it opens at once and says that Headway cannot be reached where it cannot.
// Numbers and pictures are never kept: what comes from /api or /socket.io does not pass through here.

const SHELL = "headway-shell";
const home = new URL("./", self.location.href);
const assets = new URL("./assets/", home);

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== home.origin) return;
  if (request.mode === "navigate" && url.pathname === home.pathname) event.respondWith(page(request));
  else if (url.pathname.startsWith(assets.pathname)) event.respondWith(asset(request));
});

/** From the network; a page that differs from the kept one is of another build, whose parts have other names. */
async function page(request) {
  const cache = await caches.open(SHELL);
  const kept = await cache.match(home);
  try {
    const fresh = await fetch(request);
    if (!fresh.ok) return fresh;
    const text = await fresh.clone().text();
    if (kept === undefined || (await kept.text()) !== text) await renew(cache, fresh.clone());
    return fresh;
  } catch (error) {
    const shell = await cache.match(home);
    if (shell === undefined) throw error;
    return shell;
  }
}

async function renew(cache, fresh) {
  for (const one of await cache.keys()) await cache.delete(one);
  await cache.put(home, fresh);
}

/** Their names carry a digest: what is kept is what would be fetched. */
async function asset(request) {
  const cache = await caches.open(SHELL);
  const kept = await cache.match(request);
  if (kept !== undefined) return kept;
  const fresh = await fetch(request);
  if (fresh.ok) await cache.put(request, fresh.clone());
  return fresh;
}
