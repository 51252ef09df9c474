import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { devices } from "../api";
import { Connection, Sum, useTitle } from "../shell/header";
import { page } from "../route";
import { sheetOf } from "./geometry";
import { useSpace } from "./space";
import { Tile } from "./tile";
import { stayAwake } from "./wake";

const TURN = 12_000; // ms for one sheet

/** A display that nobody touches: every number as large as the screen allows, nothing to press. */
export function Kiosk() {
  useTitle();
  const frame = useRef<HTMLUListElement>(null);
  const space = useSpace(frame);
  const turn = useSignal(0);
  const sheet = useComputed(() => sheetOf(devices.order.value.length, space.value));
  useEffect(() => stayAwake(), []);
  useLayoutEffect(() => {
    document.documentElement.classList.add("kiosk");
    return () => document.documentElement.classList.remove("kiosk");
  }, []);
  useEffect(() => {
    const timer = setInterval(() => (turn.value += 1), TURN);
    return () => clearInterval(timer);
  }, []);
  const { columns, width, height, gap, each, pages, look } = sheet.value;
  const shown = turn.value % pages;
  const cells = devices.order.value.slice(shown * each, (shown + 1) * each);
  return (
    <main class="kiosk">
      <header class="bar">
        <h1>{page.get("site") ?? page.get("group") ?? "Headway"}</h1>
        <Sum />
        {pages > 1 && (
          <p class="sheet">
            {shown + 1} of {pages}
          </p>
        )}
        <Connection />
      </header>
      <ul class="wall" ref={frame}>
        {space.value.width > 0 &&
          cells.map((cell, i) => (
            <Tile
              key={cell.id}
              id={cell.id}
              look={look}
              index={shown * each + i + 1}
              of={devices.order.value.length}
              heading="h2"
              place={{ x: (i % columns) * (width + gap), y: Math.floor(i / columns) * (height + gap), width, height }}
            />
          ))}
      </ul>
    </main>
  );
}
