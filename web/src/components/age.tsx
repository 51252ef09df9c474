import { type ReadonlySignal, computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { now } from "../api";
import { type Seen, ageAt } from "../live";
import { duration } from "../words";

/** How old the value is, counting. */
export function Age({ seen }: { seen: ReadonlySignal<Seen> }) {
  const text = useMemo(
    () =>
      computed(() => {
        const age = ageAt(seen.value, now.value);
        return age === null ? "no picture yet" : `${duration(age)} ago`;
      }),
    [seen],
  );
  return <span class="age">{text}</span>;
}
