// What was seen of every device since the page was opened: for the chart, until the server keeps history.

import { signal } from "@preact/signals";
import type { Devices } from "../devices";
import type { Device } from "../wire";
import { kiosk } from "../route";
import { History } from "./history";

const POINTS = 400_000; // of all devices together, about 20 MB
const MOST = 3600; // of one device
const FOR_EVER = 1e12;

const histories = new Map<string, History>();
/** Grows with everything that is remembered. */
export const remembered = signal(0);

export function historyOf(id: string): History {
  let history = histories.get(id);
  if (history === undefined) histories.set(id, (history = new History()));
  return history;
}

export function remember(devices: Devices, changed: readonly Device[]): void {
  if (kiosk) return;
  const most = Math.min(MOST, Math.floor(POINTS / Math.max(1, devices.order.peek().length)));
  for (const device of changed) {
    const history = historyOf(device.deviceID);
    const from = devices.get(device.deviceID)?.seen.peek().from;
    if (device.state === "live" && device.count !== null && from != null)
      history.add({ at: from, count: device.count, until: device.staleAfter ?? FOR_EVER }, most);
    else if (device.state !== "live") history.end(devices.now);
  }
  for (const id of histories.keys()) if (devices.get(id) === undefined) histories.delete(id);
  remembered.value += 1;
}
