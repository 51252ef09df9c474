import type { ReadonlySignal, Signal } from "@preact/signals";
import { type RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { ids } from "./arranged";
import type { Geometry } from "./geometry";
import { stepOf } from "./step";

function deviceAt(target: EventTarget | null): string | null {
  return target instanceof Element ? (target.closest<HTMLElement>("[data-device]")?.dataset["device"] ?? null) : null;
}

/** Arrow keys walk along the wall; the tile that has the focus stays drawn wherever the wall is scrolled to. */
export function useKeys(
  frame: RefObject<HTMLElement | null>,
  pinned: Signal<string | null>,
  geometry: ReadonlySignal<Geometry>,
): (event: KeyboardEvent) => void {
  useLayoutEffect(() => {
    const one = frame.current;
    const pin = (event: FocusEvent): void => {
      pinned.value = deviceAt(event.target);
    };
    const unpin = (event: FocusEvent): void => {
      if (deviceAt(event.relatedTarget) === null && document.hasFocus()) pinned.value = null;
    };
    one?.addEventListener("focusin", pin);
    one?.addEventListener("focusout", unpin);
    return () => {
      one?.removeEventListener("focusin", pin);
      one?.removeEventListener("focusout", unpin);
    };
  }, []);

  useLayoutEffect(() => {
    if (pinned.value === null) return;
    const link = frame.current?.querySelector<HTMLElement>(`[data-device="${CSS.escape(pinned.value)}"] a`);
    if (link !== document.activeElement) link?.focus();
  }, [pinned.value]);

  return (event) => {
    const from = ids.peek().indexOf(deviceAt(event.target) ?? "");
    if (from < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = stepOf(event.key, from, geometry.peek().columns, ids.peek().length);
    if (to === null) return;
    event.preventDefault();
    pinned.value = ids.peek()[to] ?? null;
  };
}
