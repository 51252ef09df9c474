// The rules of the live channel. Pure: time is an argument, in seconds of the hub's clock.

import type { Changes, Device, State } from "./wire";

/** A device and the moment its value is of, by the hub's clock; null when it never sent one. */
export interface Seen {
  readonly device: Device;
  readonly from: number | null;
}

export function seenAt(device: Device, now: number): Seen {
  return { device, from: device.age === null ? null : now - device.age };
}

/**
 * What a client at `revision` does with changes. Nothing is sent where nothing changed, so revisions may be skipped:
 * only changes that start after ours leave a gap, which a new snapshot closes.
 */
export function judge(revision: number, changes: Pick<Changes, "since" | "revision">): "take" | "ignore" | "behind" {
  if (changes.since > revision) return "behind";
  return changes.revision <= revision ? "ignore" : "take";
}

/** The state at `now`: a live device is stale from `staleAfter` on, whether or not anybody says so. */
export function stateAt({ device }: Seen, now: number): State {
  const late = device.staleAfter !== null && now >= device.staleAfter;
  return device.state === "live" && late ? "stale" : device.state;
}

export function ageAt({ from }: Seen, now: number): number | null {
  return from === null ? null : Math.max(0, now - from);
}
