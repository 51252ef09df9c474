// The hub's clock as this page knows it. Only spans of the viewer's own clocks are used, never their reading.

/** Readings of the viewer's two clocks, in seconds: the monotonic one may stop in suspend, the wall one may jump. */
export interface Reading {
  readonly steady: number;
  readonly wall: number;
}

/** The hub's time `now` when it was heard, and the viewer's reading at that moment. */
export interface Anchor {
  readonly now: number;
  readonly at: Reading;
}

/** Later than this behind our estimate, a message is old or the hub's clock was set back: ask for a snapshot. */
const LAG = 2;

/** The hub's time; of two spans the longer one counts, so that after a suspend nothing looks younger than it is. */
export function hubTime(anchor: Anchor, at: Reading): number {
  return anchor.now + Math.max(0, at.steady - anchor.at.steady, at.wall - anchor.at.wall);
}

/** The anchor after hearing `now`; messages that were held up on the way must not turn the clock back. */
export function heard(anchor: Anchor, now: number, at: Reading): Anchor {
  return now >= hubTime(anchor, at) ? { now, at } : anchor;
}

export function isBehind(anchor: Anchor, now: number, at: Reading): boolean {
  return hubTime(anchor, at) - now > LAG;
}

export function read(): Reading {
  return { steady: performance.now() / 1000, wall: Date.now() / 1000 };
}
