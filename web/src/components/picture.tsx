import { useEffect, useState } from "preact/hooks";

const SLOW = 15_000; // ms for one picture
const AGAIN = 5_000; // ms until a picture that failed is tried again
const REST = 500; // ms between two pictures: a camera that is faster is not followed faster

/** The latest picture; the one before stays until the new one is decoded. One loads at a time, `after` so many ms. */
export function Picture({ url, alt, after = 0 }: { url: string | null; alt: string; after?: number }) {
  const [shown, setShown] = useState<string | null>(null);
  const [loading, setLoading] = useState<string | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [wait, setWait] = useState(after);

  useEffect(() => {
    if (wait === 0) return;
    const timer = setTimeout(() => setWait(0), wait);
    return () => clearTimeout(timer);
  }, [wait]);

  useEffect(() => {
    if (wait === 0 && loading === null && url !== shown && url !== failed) setLoading(url);
  }, [wait, url, loading, shown, failed]);

  useEffect(() => {
    if (loading === null) return;
    const timer = setTimeout(() => settle(false), SLOW);
    return () => clearTimeout(timer);
  }, [loading]);

  useEffect(() => {
    if (failed === null) return;
    const timer = setTimeout(() => setFailed(null), AGAIN);
    return () => clearTimeout(timer);
  }, [failed]);

  function settle(good: boolean): void {
    if (good) setShown(loading);
    else setFailed(loading);
    setLoading(null);
    setWait(REST);
  }

  const urls = [...new Set([shown, loading])].filter((one) => one !== null);
  return (
    <div class="picture">
      {shown === null && <p class="blank">{url === null ? "No picture yet" : "Loading picture…"}</p>}
      {urls.map((one) => (
        <img
          key={one}
          src={one}
          alt={one === shown ? alt : ""}
          class={one === shown ? "shown" : "coming"}
          decoding="async"
          draggable={false}
          onLoad={(event) => {
            if (one === loading) event.currentTarget.decode().then(() => settle(true), () => settle(false));
          }}
          onError={() => one === loading && settle(false)}
        />
      ))}
    </div>
  );
}
