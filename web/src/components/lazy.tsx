import { type ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

/** A view whose script is loaded when it is first shown. */
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  return function Lazy(props: Props) {
    const [, setReady] = useState(loaded !== null);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded !== null) return;
      load().then(
        (component) => {
          loaded = component;
          setReady(true);
        },
        () => setFailed(true),
      );
    }, []);
    if (failed) return <p class="waiting">This view could not be loaded; reload the page when the connection is back.</p>;
    const View = loaded;
    return View === null ? <p class="waiting">Loading…</p> : <View {...props} />;
  };
}
