// How many people there are: a sum that says what it leaves out.

import type { State } from "./wire";

export interface Counted {
  readonly state: State;
  readonly count: number | null;
}

export interface Total {
  /** In front of the live cameras. */
  readonly people: number;
  /** Cameras whose number is in `people`. */
  readonly counted: number;
  /** Cameras that have no live number. */
  readonly left: number;
  readonly states: Readonly<Record<State, number>>;
}

export function totalOf(devices: Iterable<Counted>): Total {
  const states: Record<State, number> = { live: 0, stale: 0, offline: 0, unknown: 0 };
  let people = 0;
  let counted = 0;
  let left = 0;
  for (const { state, count } of devices) {
    states[state] += 1;
    if (count !== null && state === "live") {
      people += count;
      counted += 1;
    } else left += 1;
  }
  return { people, counted, left, states };
}

export function sameTotal(a: Total, b: Total): boolean {
  const states = Object.keys(a.states) as State[];
  return a.people === b.people && a.counted === b.counted && a.left === b.left && states.every((s) => a.states[s] === b.states[s]);
}
