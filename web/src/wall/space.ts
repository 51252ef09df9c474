import { type ReadonlySignal, signal, useSignal } from "@preact/signals";
import { type RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";
import type { Space } from "./geometry";

/** Height of the window and how far it is scrolled, in CSS pixels. */
export const view = signal({ top: scrollY, height: innerHeight });

function look(): void {
  view.value = { top: scrollY, height: innerHeight };
}
addEventListener("scroll", look, { passive: true });
addEventListener("resize", look);

export interface Measured extends Space {
  /** Where the element begins in the page. */
  readonly top: number;
}

const AIR = 20;

/** The width of the element and what the window shows of it while it is scrolled to its top. */
export function useSpace(element: RefObject<HTMLElement | null>): ReadonlySignal<Measured> {
  const space = useSignal<Measured>({ width: 0, height: 0, top: 0 });
  useLayoutEffect(() => {
    const one = element.current;
    if (one === null) return;
    const measure = (): void => {
      const { width } = one.getBoundingClientRect();
      const top = one.getBoundingClientRect().top + scrollY;
      const height = innerHeight - top - AIR;
      const before = space.peek();
      if (before.width !== width || before.height !== height || before.top !== top) space.value = { width, height, top };
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(one);
    observer.observe(document.body);
    addEventListener("resize", measure);
    return () => {
      observer.disconnect();
      removeEventListener("resize", measure);
    };
  }, [element]);
  return space;
}
