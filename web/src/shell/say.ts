// What a screen reader is told: changes of condition, never every number.

import { plural } from "../words";

const ONE_BY_ONE = 3;

/** One sentence for what changed between two looks at the conditions; empty when there is nothing to say. */
export function toSay(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string {
  const moved = [...after].filter(([id, condition]) => before.has(id) && before.get(id) !== condition);
  const added = [...after.keys()].filter((id) => !before.has(id));
  const gone = [...before.keys()].filter((id) => !after.has(id));
  const parts: string[] = [];
  if (moved.length <= ONE_BY_ONE) parts.push(...moved.map(([id, condition]) => `${id} is ${condition}`));
  else parts.push(`${plural(moved.length, "camera", "cameras")} changed state`);
  if (added.length > 0) parts.push(`${plural(added.length, "camera", "cameras")} added`);
  if (gone.length > 0) parts.push(`${plural(gone.length, "camera", "cameras")} removed`);
  return parts.join(", ");
}
