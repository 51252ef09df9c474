// The live state: a snapshot, then changes with a revision. Pure: time is an argument, in seconds.

import type { Broker, Changes, Device, Snapshot, State } from "./wire";

/** A device and the moment its value is of, by the hub's clock; null when it never sent one. */
export interface Seen {
  readonly device: Device;
  readonly from: number | null;
}

export interface Live {
  readonly revision: number;
  readonly broker: Broker;
  readonly devices: ReadonlyMap<string, Seen>;
}

function seen(device: Device, now: number): Seen {
  return { device, from: device.age === null ? null : now - device.age };
}

export function fromSnapshot(message: Snapshot): Live {
  const devices = new Map(message.devices.map((d) => [d.deviceID, seen(d, message.now)]));
  return { revision: message.revision, broker: message.broker, devices };
}

/** The state after `message`, or null when there is a gap before it: then only a new snapshot helps. */
export function withChanges(live: Live, message: Changes): Live | null {
  if (message.since !== live.revision) return null;
  const devices = new Map(live.devices);
  for (const device of message.devices) devices.set(device.deviceID, seen(device, message.now));
  for (const id of message.gone) devices.delete(id);
  return { revision: message.revision, broker: message.broker, devices };
}

/** The state at `now`: a live device is stale from `staleAfter` on, whether or not anybody says so. */
export function stateAt({ device }: Seen, now: number): State {
  const late = device.staleAfter !== null && now >= device.staleAfter;
  return device.state === "live" && late ? "stale" : device.state;
}

export function ageAt({ from }: Seen, now: number): number | null {
  return from === null ? null : Math.max(0, now - from);
}

export interface Total {
  readonly people: number;
  readonly counted: number;
  readonly left: number;
}

/** People in front of the live devices; `left` devices have no live number and are not counted. */
export function totalAt(devices: Iterable<Seen>, now: number): Total {
  let people = 0;
  let counted = 0;
  let left = 0;
  for (const one of devices) {
    if (one.device.count !== null && stateAt(one, now) === "live") {
      people += one.device.count;
      counted += 1;
    } else left += 1;
  }
  return { people, counted, left };
}

const byName = new Intl.Collator("en", { numeric: true }).compare;

/** Device ids in the order of the wall: cam2 before cam10, and never moved by a change of state. */
export function inOrder(ids: Iterable<string>): string[] {
  return [...ids].sort(byName);
}
