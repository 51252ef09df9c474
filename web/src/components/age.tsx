import { useComputed } from "@preact/signals";
import { deviceOf, now } from "../api";
import { ageAt } from "../live";
import { duration } from "../words";

/** How old the device's value is, counting. */
export function Age({ id }: { id: string }) {
  const text = useComputed(() => {
    const one = deviceOf(id);
    const age = one === undefined ? null : ageAt(one, now.value);
    return age === null ? "no picture yet" : `${duration(age)} ago`;
  });
  return <span class="age">{text}</span>;
}
