import { type RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

const SLOW = 15_000; // ms for one picture
const AGAIN = 5_000; // ms until a picture that failed is tried again

/** Whether the element is in view or about to be. */
function useNear(element: RefObject<HTMLElement | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (element.current === null) return;
    const observer = new IntersectionObserver(([entry]) => setNear(entry?.isIntersecting ?? false), {
      rootMargin: "200px",
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return near;
}

/** The latest picture; the one before stays until the new one is loaded and decoded. One loads at a time. */
export function Picture({ url, alt }: { url: string | null; alt: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const near = useNear(frame);
  const [shown, setShown] = useState<string | null>(null);
  const [loading, setLoading] = useState<string | null>(null);
  const [failed, setFailed] = useState<string | null>(null);

  useEffect(() => {
    if (near && loading === null && url !== shown && url !== failed) setLoading(url);
  }, [near, url, loading, shown, failed]);

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
  }

  const urls = [...new Set([shown, loading])].filter((one) => one !== null);
  return (
    <div class="picture" ref={frame}>
      {shown === null && <p class="blank">{url === null ? "No picture yet" : "Loading picture…"}</p>}
      {urls.map((one) => (
        <img
          key={one}
          src={one}
          alt={one === shown ? alt : ""}
          class={one === shown ? "shown" : "coming"}
          decoding="async"
          onLoad={(event) => {
            if (one === loading) event.currentTarget.decode().then(() => settle(true), () => settle(false));
          }}
          onError={() => one === loading && settle(false)}
        />
      ))}
    </div>
  );
}
