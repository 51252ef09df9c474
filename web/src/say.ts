// What a screen reader is told: changes of state, never every number.

import type { State } from "./wire";
import { plural } from "./words";

const ONE_BY_ONE = 3;

/** One sentence for what changed between two looks at the states; empty when there is nothing to say. */
export function toSay(before: ReadonlyMap<string, State>, after: ReadonlyMap<string, State>): string {
  const moved = [...after].filter(([id, state]) => before.has(id) && before.get(id) !== state);
  const added = [...after.keys()].filter((id) => !before.has(id));
  const gone = [...before.keys()].filter((id) => !after.has(id));
  const parts: string[] = [];
  if (moved.length <= ONE_BY_ONE) parts.push(...moved.map(([id, state]) => `${id} is ${state}`));
  else parts.push(`${plural(moved.length, "camera", "cameras")} changed state`);
  if (added.length > 0) parts.push(`${plural(added.length, "camera", "cameras")} added`);
  if (gone.length > 0) parts.push(`${plural(gone.length, "camera", "cameras")} removed`);
  return parts.join(", ");
}
