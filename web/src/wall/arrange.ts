// Which devices stand on the wall, and in what order. Pure.

import type { State } from "../wire";

export type Sort = "name" | "count" | "age";

export interface Query {
  /** Words, all of which must be in the name, the id, the site or the group. */
  readonly text: string;
  /** None: every state. */
  readonly states: readonly State[];
  readonly site: string | null;
  readonly group: string | null;
  readonly sort: Sort;
}

export interface Item {
  readonly id: string;
  readonly name: string;
  readonly site: string | null;
  readonly group: string | null;
  readonly state: State;
  readonly count: number | null;
  readonly from: number | null;
}

export interface Section {
  /** Null where there is nothing to tell apart; "" for devices that have no site. */
  readonly title: string | null;
  readonly ids: readonly string[];
}

export const EVERYTHING: Query = { text: "", states: [], site: null, group: null, sort: "name" };

export function isNarrow(query: Query): boolean {
  return query.text.trim() !== "" || query.states.length > 0 || query.site !== null || query.group !== null;
}

function wanted(query: Query): (item: Item) => boolean {
  const words = query.text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return (item) => {
    if (query.states.length > 0 && !query.states.includes(item.state)) return false;
    if (query.site !== null && (item.site ?? "") !== query.site) return false;
    if (query.group !== null && (item.group ?? "") !== query.group) return false;
    if (words.length === 0) return true;
    const hay = `${item.name}\n${item.id}\n${item.site ?? ""}\n${item.group ?? ""}`.toLocaleLowerCase();
    return words.every((word) => hay.includes(word));
  };
}

/** Live numbers first, largest first: what is no longer true is never on top. */
function byCount(a: Item, b: Item): number {
  const rank = (item: Item): number => (item.state === "live" && item.count !== null ? item.count : -1);
  return rank(b) - rank(a);
}

/** The oldest first; what never had a value is older than anything. */
function byAge(a: Item, b: Item): number {
  return (a.from ?? -Infinity) === (b.from ?? -Infinity) ? 0 : (a.from ?? -Infinity) - (b.from ?? -Infinity);
}

const FEW = 8; // fit one screen without sections

/** By name many stand in sections: sites, and groups within one site. Otherwise the order is one over all. */
export function arrange(inOrder: readonly Item[], query: Query): readonly Section[] {
  const items = inOrder.filter(wanted(query));
  if (query.sort !== "name") {
    const sorted = [...items].sort(query.sort === "count" ? byCount : byAge);
    return sorted.length === 0 ? [] : [{ title: null, ids: sorted.map((item) => item.id) }];
  }
  if (items.length <= FEW) return items.length === 0 ? [] : [{ title: null, ids: items.map((item) => item.id) }];
  return sections(items, query.site === null ? (item) => item.site : (item) => item.group);
}

function sections(items: readonly Item[], place: (item: Item) => string | null): readonly Section[] {
  const places = new Map<string, string[]>();
  for (const item of items) {
    const title = place(item) ?? "";
    const ids = places.get(title);
    if (ids === undefined) places.set(title, [item.id]);
    else ids.push(item.id);
  }
  const only = places.size === 1 && places.has("");
  const titles = [...places.keys()].sort((a, b) => Number(a === "") - Number(b === "") || (a < b ? -1 : 1));
  return titles.map((title) => ({ title: only ? null : title, ids: places.get(title) ?? [] }));
}

export function sameSections(a: readonly Section[], b: readonly Section[]): boolean {
  return (
    a.length === b.length &&
    a.every((section, i) => {
      const other = b[i];
      return (
        other !== undefined &&
        section.title === other.title &&
        section.ids.length === other.ids.length &&
        section.ids.every((id, j) => id === other.ids[j])
      );
    })
  );
}
