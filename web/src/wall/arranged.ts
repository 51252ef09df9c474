// The wall's order as a signal. It follows counts and ages once a second, not with each of them: tiles must not dance.

import { computed, signal } from "@preact/signals";
import { devices } from "../api";
import { type Cell, nameOf } from "../devices";
import { type Item, type Section, arrange, sameSections } from "./arrange";
import { query } from "./query";

export const BEAT = 1000; // ms

const beat = signal(0);
let arranged: readonly Section[] = [];

function itemOf(cell: Cell): Item {
  const { device, from } = cell.seen.peek();
  const { deviceID: id, site, group, count } = device;
  return { id, name: nameOf(device), site: site ?? null, group: group ?? null, state: cell.state.peek(), count, from };
}

export const sections = computed(() => {
  if (query.value.sort !== "name" || query.value.states.length > 0) void beat.value;
  const next = arrange(devices.order.value.map(itemOf), query.value);
  if (!sameSections(arranged, next)) arranged = next;
  return arranged;
});

export const ids = computed(() => sections.value.flatMap((section) => section.ids));

export function keepOrder(): () => void {
  const timer = setInterval(() => (beat.value += 1), BEAT);
  return () => clearInterval(timer);
}

/** Sites, or groups, that any device names, in order. */
export function placesOf(cells: readonly Cell[], kind: "site" | "group", site: string | null = null): readonly string[] {
  const all = cells.map((cell) => cell.seen.peek().device).filter((device) => site === null || (device.site ?? "") === site);
  return [...new Set(all.map((device) => device[kind] ?? ""))].filter((place) => place !== "").sort();
}
