import { useComputed, useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { devices } from "../api";
import { plural } from "../words";
import { isNarrow } from "./arrange";
import { ids, keepOrder, sections } from "./arranged";
import { type Geometry, type Row, geometryOf, heightOf, rowsBetween, rowsOf } from "./geometry";
import { SectionSum } from "./sum";
import { ask, query } from "./query";
import { useSpace, view } from "./space";
import { Tile } from "./tile";
import { Toolbar } from "./toolbar";
import { useKeys } from "./keys";

const BEYOND = 0.6; // of the window's height is drawn above and below what is seen

let scrolledTo = 0;

/** The wall is where it was left. */
function useScrollKept(): void {
  useLayoutEffect(() => {
    history.scrollRestoration = "manual";
    scrollTo(0, scrolledTo);
    const keep = (): void => {
      scrolledTo = scrollY;
    };
    addEventListener("scroll", keep, { passive: true });
    return () => removeEventListener("scroll", keep);
  }, []);
}

interface Part {
  readonly section: number;
  readonly heading: Row | null;
  readonly rows: readonly Row[];
}

function partsOf(rows: readonly Row[]): readonly Part[] {
  const parts = new Map<number, { section: number; heading: Row | null; rows: Row[] }>();
  for (const row of rows) {
    const part = parts.get(row.section) ?? { section: row.section, heading: null, rows: [] };
    if (row.ids.length === 0) part.heading = row;
    else part.rows.push(row);
    parts.set(row.section, part);
  }
  return [...parts.values()];
}

function PartOf({ part, geometry, of, scrolled }: { part: Part; geometry: Geometry; of: number; scrolled: boolean }) {
  const section = sections.value[part.section];
  if (section === undefined) return null;
  const { columns, width, height, gap, look } = geometry;
  const title = section.title === "" ? "Elsewhere" : section.title;
  return (
    <section aria-label={title ?? "All cameras"}>
      {title !== null && part.heading !== null && (
        <header class="site" style={{ transform: `translateY(${part.heading.top}px)` }}>
          <h2>{title}</h2>
          <SectionSum ids={section.ids} />
        </header>
      )}
      <ul>
        {part.rows.flatMap((row) =>
          row.ids.map((id, i) => (
            <Tile
              key={id}
              id={id}
              look={look}
              index={row.first + i + 1}
              of={of}
              heading={title === null ? "h2" : "h3"}
              scrolled={scrolled}
              place={{ x: (i % columns) * (width + gap), y: row.top, width, height }}
            />
          )),
        )}
      </ul>
    </section>
  );
}

function Nothing() {
  return (
    <p class="nothing">
      None of {plural(devices.order.value.length, "camera", "cameras")} fits.{" "}
      <button type="button" class="plain" onClick={() => ask({ text: "", states: [], site: null, group: null })}>
        Show all
      </button>
    </p>
  );
}

/** Every device that is asked for; only those in view are drawn. */
function Grid() {
  const frame = useRef<HTMLDivElement>(null);
  const space = useSpace(frame);
  const pinned = useSignal<string | null>(null);
  const geometry = useComputed(() => geometryOf(ids.value.length, space.value, query.value.pictures));
  const rows = useComputed(() => rowsOf(sections.value, geometry.value));
  const range = useComputed(() => {
    const { top, height } = view.value;
    const above = top - space.value.top - height * BEYOND;
    return rowsBetween(rows.value, above, above + height * (1 + 2 * BEYOND)).join();
  });
  useScrollKept();
  useLayoutEffect(keepOrder, []);
  const onKeyDown = useKeys(frame, pinned, geometry);
  const [from = 0, to = 0] = range.value.split(",").map(Number);
  const drawn = rows.value.filter((row, i) => (i >= from && i < to) || row.ids.includes(pinned.value ?? ""));
  return (
    <div class="wall" ref={frame} style={{ height: `${heightOf(rows.value)}px` }} onKeyDown={onKeyDown}>
      {space.value.width > 0 &&
        partsOf(drawn).map((part) => (
          <PartOf key={part.section} part={part} geometry={geometry.value} of={ids.value.length} scrolled={view.peek().top > 0} />
        ))}
    </div>
  );
}

export function Wall() {
  return (
    <>
      <h1 class="hidden">Cameras</h1>
      <Toolbar />
      {ids.value.length === 0 && isNarrow(query.value) ? <Nothing /> : <Grid />}
    </>
  );
}
