import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { now } from "../api";
import { theme } from "../shell/theme";
import { plural, timeOfDay } from "../words";
import { seriesOf } from "./history";
import { historyOf, remembered } from "./memory";

const LOWEST = 220; // px
const SHORTEST = 60; // s
const REDRAW = 1000; // ms

type Library = typeof uPlot;

/** The library is loaded with the first chart, not with the page. */
function useLibrary(): Library | null {
  const [library, setLibrary] = useState<{ plot: Library } | null>(null);
  useEffect(() => {
    let here = true;
    void import("./plot").then(({ plot }) => here && setLibrary({ plot }), () => undefined);
    return () => {
      here = false;
    };
  }, []);
  return library?.plot ?? null;
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function sizeOf(element: HTMLElement): { width: number; height: number } {
  return { width: element.clientWidth, height: Math.max(LOWEST, element.clientHeight) };
}

function options(element: HTMLElement): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colour("--quiet"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  return {
    ...sizeOf(element),
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    padding: [12, 12, 0, 0],
    scales: { x: { range: (_, least, most) => [Math.min(least, most - SHORTEST), most] }, y: { range: (_, __, most) => [0, Math.max(4, Math.ceil(most * 1.15))] } },
    axes: [
      { ...axis, space: 90, values: (_, moments) => moments.map(timeOfDay) },
      { ...axis, size: 36, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000] },
    ],
    series: [
      {},
      {
        stroke: colour("--live"),
        fill: colour("--live-wash"),
        width: 2,
        spanGaps: false,
        points: { show: false },
        paths: (plot, series, from, to) => stepped?.(plot, series, from, to) ?? null,
      },
    ],
  };
}

let stepped: uPlot.Series.PathBuilder | null | undefined;

/** Seen under the pointer, in words. */
function reading(plot: uPlot, id: string): string | null {
  const { left } = plot.cursor;
  if (left == null || left < 0) return null;
  const at = plot.posToVal(left, "x");
  const point = historyOf(id).points.findLast((one) => one.at <= at);
  if (point === undefined) return null;
  return at < point.until ? `${plural(point.count ?? 0, "person", "people")} at ${timeOfDay(at)}` : `nothing to believe at ${timeOfDay(at)}`;
}

function summary(id: string): string {
  const { points } = historyOf(id);
  const counts = points.map((point) => point.count ?? 0);
  const first = points[0];
  if (first === undefined) return "Nothing seen yet";
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return `Since ${timeOfDay(first.at)}: ${least === most ? least : `${least} to ${most}`} people`;
}

/** How many people were seen since the page was opened; a gap is a time without a number to believe. */
export function Chart({ id }: { id: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [said, setSaid] = useState("");
  const library = useLibrary();
  const colours = theme.value;

  useEffect(() => {
    const element = frame.current;
    if (library === null || element === null) return;
    stepped ??= library.paths.stepped?.({ align: 1 });
    const plot = new library(options(element), seriesOf(historyOf(id).points, now.peek()), element);
    chart.current = plot;
    const follow = (): void => setSaid(reading(plot, id) ?? summary(id));
    plot.over.addEventListener("mousemove", follow);
    plot.over.addEventListener("mouseleave", follow);
    const observer = new ResizeObserver(() => plot.setSize(sizeOf(element)));
    observer.observe(element);
    draw();
    const timer = setInterval(draw, REDRAW);
    return () => {
      clearInterval(timer);
      observer.disconnect();
      plot.destroy();
      chart.current = null;
    };
  }, [library, id, colours]);

  function draw(): void {
    const plot = chart.current;
    if (plot === null) return;
    plot.setData(seriesOf(historyOf(id).points, now.peek()));
    setSaid(reading(plot, id) ?? summary(id));
  }

  useSignalEffect(() => {
    void remembered.value;
    if (chart.current !== null && historyOf(id).points.length < 3) draw();
  });

  return (
    <figure class="chart">
      <figcaption>
        <h2>Since this page was opened</h2>
        <p>{said}</p>
      </figcaption>
      <div ref={frame} role="img" aria-label={`People over time. ${summary(id)}`} class="plot" />
    </figure>
  );
}
