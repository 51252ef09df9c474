// Walking along the wall by keys.

const PAGE = 4; // rows

/** Where a key leads from the tile at `index`; null where it is no key of the wall. Pure. */
export function stepOf(key: string, index: number, columns: number, count: number): number | null {
  const steps: Record<string, number> = {
    ArrowLeft: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index - columns,
    ArrowDown: index + columns,
    PageUp: index - columns * PAGE,
    PageDown: index + columns * PAGE,
    Home: 0,
    End: count - 1,
  };
  const to = steps[key];
  return to === undefined ? null : Math.min(count - 1, Math.max(0, to));
}
