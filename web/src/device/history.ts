// What was seen of a device since the page was opened. Pure; a bounded ring of numbers and how long each held.

export interface Point {
  readonly at: number;
  readonly count: number | null;
  /** From then on the number was not to be believed, unless another had come. */
  readonly until: number;
}

const SLACK = 1.25;

export class History {
  readonly #points: Point[] = [];

  /** Points go in by the hub's time; one of the same or an earlier moment replaces nothing and is left out. */
  add(point: Point, most: number): void {
    const last = this.#points.at(-1);
    if (last !== undefined && point.at <= last.at) return;
    this.#points.push(point);
    if (this.#points.length > most * SLACK) this.#points.splice(0, this.#points.length - most);
  }

  /** The device stopped being live at `at`, before its number ran out by itself. */
  end(at: number): void {
    const last = this.#points.at(-1);
    if (last !== undefined && last.until > at) this.#points[this.#points.length - 1] = { ...last, until: Math.max(last.at, at) };
  }

  get points(): readonly Point[] {
    return this.#points;
  }
}

export type Series = [times: number[], counts: (number | null)[]];

/** A step for each number, and nothing where no number was to be believed. */
export function seriesOf(points: readonly Point[], now: number): Series {
  const times: number[] = [];
  const counts: (number | null)[] = [];
  const put = (time: number, count: number | null): void => {
    times.push(time);
    counts.push(count);
  };
  points.forEach((point, i) => {
    put(point.at, point.count);
    const next = points[i + 1]?.at ?? now;
    if (point.until < next) {
      put(point.until, point.count);
      put(point.until, null);
    } else if (points[i + 1] === undefined && now > point.at) put(now, point.count);
  });
  if (times.at(-1) !== now) put(now, null);
  return [times, counts];
}
