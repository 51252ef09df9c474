import { type ReadonlySignal, computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { now } from "../api";
import { type Seen, ageAt } from "../live";
import { brief, duration } from "../words";

/** How old the value is, counting. */
export function Age({ seen, inBrief = false }: { seen: ReadonlySignal<Seen>; inBrief?: boolean }) {
  const text = useMemo(
    () =>
      computed(() => {
        const age = ageAt(seen.value, now.value);
        return age === null ? "no picture yet" : `${(inBrief ? brief : duration)(age)} ago`;
      }),
    [seen, inBrief],
  );
  return <span class="age">{text}</span>;
}
