// A device as the server sends it.

import type { Device } from "../src/wire";

export function device(deviceID: string, more: Partial<Device> = {}): Device {
  return {
    deviceID, state: "live", count: 2, counts: { person: 2 }, capturedAt: 95, receivedAt: 96, age: 4, staleAfter: 110,
    flow: "people", model: null, snapshot: null, sequence: 1, skew: null, worker: null, queueMs: null,
    inferenceMs: null, width: null, height: null, problem: null, trouble: null, name: null, site: null, group: null,
    flows: {}, agent: null, ...more,
  };
}
