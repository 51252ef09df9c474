// How large a tile is and where it stands. Pure; lengths in CSS pixels.

import type { Section } from "./arrange";

/** stacked: the number under the picture; beside: next to it; strip: a small picture on the left; bare: no picture. */
export type Look = "stacked" | "beside" | "strip" | "bare";

export interface Geometry {
  readonly look: Look;
  readonly columns: number;
  readonly width: number;
  readonly height: number;
  readonly gap: number;
}

export interface Space {
  readonly width: number;
  /** Of what is seen of the wall without scrolling. */
  readonly height: number;
}

const PHONE = 736;
const WIDE = 992;
const FACTS = 92;
const SHORTEST_PICTURE = 132;
export const HEADING = 56;

function columnsOf(width: number, least: number, gap: number, most: number): number {
  return Math.max(1, Math.min(most, Math.floor((width + gap) / (least + gap))));
}

function grid(space: Space, look: Look, columns: number, gap: number, height: (width: number) => number): Geometry {
  const width = (space.width - gap * (columns - 1)) / columns;
  return { look, columns, width, height: Math.round(height(width)), gap };
}

function onPhone(count: number, space: Space, pictures: boolean): Geometry {
  if (!pictures) return grid(space, "bare", space.width < 320 ? 1 : 2, 8, () => 120);
  if (count <= 2) return grid(space, "stacked", 1, 10, (width) => (width * 3) / 4 + FACTS);
  return grid(space, "strip", columnsOf(space.width, 320, 10, 2), 10, () => 112);
}

/** The largest tiles with uncut pictures of which all fit the screen; null where they would be too small. */
function largest(count: number, space: Space, natural: (width: number) => number): Geometry | null {
  const gap = 14;
  const most = columnsOf(space.width, 240, gap, count);
  for (let columns = 3; columns <= most; columns += 1) {
    const whole = grid(space, "stacked", columns, gap, natural);
    if (Math.ceil(count / columns) * (whole.height + gap) - gap <= space.height) return whole;
  }
  return null;
}

/** Few devices fill the screen without scrolling; many stay small enough to be seen together. */
export function geometryOf(count: number, space: Space, pictures: boolean): Geometry {
  if (space.width < PHONE) return onPhone(count, space, pictures);
  if (!pictures) return grid(space, "bare", columnsOf(space.width, 176, 10, 99), 10, () => 120);
  const rows = (n: number, gap: number): number => (space.height - gap * (n - 1)) / n;
  if (count <= 1 && space.width >= WIDE) return grid(space, "beside", 1, 16, () => Math.max(320, space.height));
  if (count === 4 && space.width >= WIDE) return grid(space, "beside", 2, 16, () => Math.max(240, rows(2, 16)));
  const natural = (width: number): number => (width * 3) / 4 + FACTS;
  const least = SHORTEST_PICTURE + FACTS;
  if (count <= 3) return grid(space, "stacked", Math.max(1, count), 16, (w) => Math.max(least, Math.min(natural(w), space.height)));
  const whole = count > 6 && count <= 24 ? largest(count, space, natural) : null;
  if (whole !== null) return whole;
  const [tile, gap, fit] = count <= 6 ? [340, 16, 2] : count <= 24 ? [240, 14, 2.5] : [208, 10, 3.5];
  const columns = columnsOf(space.width, tile, gap, 99);
  return grid(space, "stacked", columns, gap, (width) => Math.max(least, Math.min(natural(width), rows(fit, gap))));
}

export interface Row {
  readonly top: number;
  readonly height: number;
  readonly section: number;
  /** None: the heading of the section. */
  readonly ids: readonly string[];
  /** Place of the first tile among all. */
  readonly first: number;
}

export function rowsOf(sections: readonly Section[], { columns, height, gap }: Geometry): readonly Row[] {
  const rows: Row[] = [];
  let top = 0;
  let first = 0;
  sections.forEach(({ title, ids }, section) => {
    if (title !== null) {
      rows.push({ top, height: HEADING, section, ids: [], first });
      top += HEADING;
    }
    for (let i = 0; i < ids.length; i += columns) {
      const own = ids.slice(i, i + columns);
      rows.push({ top, height, section, ids: own, first });
      top += height + gap;
      first += own.length;
    }
  });
  return rows;
}

export function heightOf(rows: readonly Row[]): number {
  const last = rows.at(-1);
  return last === undefined ? 0 : last.top + last.height;
}

/** Indices [from, to) of the rows that touch the stretch between two heights. */
export function rowsBetween(rows: readonly Row[], above: number, below: number): readonly [number, number] {
  const from = firstWhere(rows, (row) => row.top + row.height > above);
  return [from, Math.max(from, firstWhere(rows, (row) => row.top >= below))];
}

/** `holds` is false up to some row and true from there on. */
function firstWhere(rows: readonly Row[], holds: (row: Row) => boolean): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row !== undefined && holds(row)) high = middle;
    else low = middle + 1;
  }
  return low;
}

export interface Sheet extends Geometry {
  readonly pages: number;
  readonly each: number;
}

const SMALLEST = { width: 132, height: 84 };
const PICTURED = { width: 200, height: 190 };

/** Every device on one screen, as large as can be; on several sheets in turn where they would be too small to read. */
export function sheetOf(count: number, space: Space): Sheet {
  const gap = count > 60 ? 6 : 12;
  const size = (columns: number, rows: number): { width: number; height: number } => ({
    width: (space.width - gap * (columns - 1)) / columns,
    height: (space.height - gap * (rows - 1)) / rows,
  });
  let best = { columns: 1, rows: 1, score: -1 };
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const rows = Math.max(1, Math.ceil(count / columns));
    const { width, height } = size(columns, rows);
    if (width < SMALLEST.width || height < SMALLEST.height) continue;
    const score = Math.min(width, height * 1.25);
    if (score > best.score) best = { columns, rows, score };
  }
  if (best.score < 0) {
    const columns = columnsOf(space.width, SMALLEST.width, gap, 99);
    best = { columns, rows: columnsOf(space.height, SMALLEST.height, gap, 99), score: 0 };
  }
  const { width, height } = size(best.columns, best.rows);
  const each = best.columns * best.rows;
  const pictured = width >= PICTURED.width && height >= PICTURED.height;
  const look: Look = !pictured ? "bare" : width > height * 1.35 ? "beside" : "stacked";
  return { look, columns: best.columns, width, height, gap, each, pages: Math.max(1, Math.ceil(count / each)) };
}
