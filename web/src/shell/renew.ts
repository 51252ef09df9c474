// A page of an older build than the server's loads itself anew, once.

const KEY = "headway.renewed";
const OWN = document.querySelector<HTMLScriptElement>("script[type=module]")?.getAttribute("src") ?? null;

export async function reloadIfNewer(): Promise<void> {
  if (OWN === null || import.meta.env.DEV) return;
  try {
    const answer = await fetch("./", { cache: "no-cache", signal: AbortSignal.timeout(10_000) });
    const text = await answer.text();
    const script = /<script type="module"[^>]* src="([^"]+)"/.exec(text)?.[1];
    if (!answer.ok || script === undefined || script === OWN || sessionStorage.getItem(KEY) === script) return;
    sessionStorage.setItem(KEY, script);
  } catch {
    return; // No answer, or no storage to remember that it was tried: stay.
  }
  location.reload();
}
