// What of the wall is asked for, kept in the address after the `#`: a view can be linked to and is there again after back.

import { computed } from "@preact/signals";
import { hash, hrefs, replaceWith, route } from "../route";
import type { State } from "../wire";
import { EVERYTHING, type Query, type Sort } from "./arrange";

export interface Asked extends Query {
  readonly pictures: boolean;
}

const STATES: readonly State[] = ["live", "stale", "offline", "unknown"];
const SORTS: readonly Sort[] = ["name", "count", "age"];

export function asked(parameters: URLSearchParams): Asked {
  const states = (parameters.get("state") ?? "").split(",");
  return {
    text: parameters.get("q") ?? "",
    states: STATES.filter((state) => states.includes(state)),
    site: parameters.get("site"),
    group: parameters.get("group"),
    sort: SORTS.find((sort) => sort === parameters.get("sort")) ?? "name",
    pictures: parameters.get("pictures") !== "off",
  };
}

export function addressOf(query: Asked): string {
  const parameters = new URLSearchParams();
  if (query.text !== "") parameters.set("q", query.text);
  if (query.states.length > 0) parameters.set("state", query.states.join(","));
  if (query.site !== null) parameters.set("site", query.site);
  if (query.group !== null) parameters.set("group", query.group);
  if (query.sort !== "name") parameters.set("sort", query.sort);
  if (!query.pictures) parameters.set("pictures", "off");
  const text = parameters.toString();
  return text === "" ? hrefs.wall : `${hrefs.wall}?${text}`;
}

let last: Asked = { ...EVERYTHING, pictures: true };

/** Of the wall that is shown, or that was shown before the view that is. */
export const query = computed(() => {
  if (route.value.view === "wall") last = asked(new URLSearchParams(hash.value.split("?", 2)[1] ?? ""));
  return last;
});

export const wallAddress = computed(() => addressOf(query.value));

export function ask(change: Partial<Asked>): void {
  replaceWith(addressOf({ ...query.value, ...change }));
}
