import { type ReadonlySignal, useComputed } from "@preact/signals";
import { deviceOf, now } from "../api";
import { type Seen, stateAt } from "../live";
import type { State } from "../wire";

/** A device and its state now; they change only when it does, not with every tick. */
export function useDevice(id: string): { seen: ReadonlySignal<Seen | undefined>; state: ReadonlySignal<State> } {
  const seen = useComputed(() => deviceOf(id));
  const state = useComputed(() => (seen.value === undefined ? "unknown" : stateAt(seen.value, now.value)));
  return { seen, state };
}
