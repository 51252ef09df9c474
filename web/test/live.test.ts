import { describe, expect, test } from "vitest";
import { ageAt, fromSnapshot, inOrder, stateAt, totalAt, withChanges } from "../src/live";
import type { Changes, Device, Snapshot } from "../src/wire";

function device(deviceID: string, more: Partial<Device> = {}): Device {
  return {
    deviceID, state: "live", count: 2, counts: { person: 2 }, capturedAt: 95, receivedAt: 96, age: 4, staleAfter: 110,
    flow: "people", model: null, snapshot: null, sequence: 1, skew: null, worker: null, queueMs: null,
    inferenceMs: null, width: null, height: null, problem: null, trouble: null, ...more,
  };
}

function snapshot(devices: Device[], more: Partial<Snapshot> = {}): Snapshot {
  return { revision: 7, now: 100, broker: "connected", devices, ...more };
}

function changes(since: number, devices: Device[], gone: string[] = [], now = 101): Changes {
  return { since, revision: since + 1, now, broker: "connected", devices, gone };
}

describe("changes", () => {
  const live = fromSnapshot(snapshot([device("a"), device("b")]));

  test("replace, add and remove devices", () => {
    const next = withChanges(live, changes(7, [device("b", { count: 5 }), device("c")], ["a"]));
    expect([...(next?.devices.keys() ?? [])]).toEqual(["b", "c"]);
    expect(next?.devices.get("b")?.device.count).toBe(5);
    expect(next?.revision).toBe(8);
  });

  test("leave untouched devices identical, so that only changed tiles are drawn", () => {
    const next = withChanges(live, changes(7, [device("b")]));
    expect(next?.devices.get("a")).toBe(live.devices.get("a"));
  });

  test.each([6, 8, 0])("since %i instead of 7 are a gap", (since) => {
    expect(withChanges(live, changes(since, [device("a")]))).toBeNull();
  });

  test("never alter the state they start from", () => {
    withChanges(live, changes(7, [], ["a", "b"]));
    expect(live.devices.size).toBe(2);
  });

  test("tell the broker", () => {
    expect(withChanges(live, { ...changes(7, []), broker: "lost" })?.broker).toBe("lost");
  });
});

describe("time", () => {
  const one = (more: Partial<Device> = {}) => {
    const seen = fromSnapshot(snapshot([device("a", more)])).devices.get("a");
    if (seen === undefined) throw new Error("lost");
    return seen;
  };

  test.each([
    ["live", 110, 109.9, "live"],
    ["live", 110, 110, "stale"],
    ["live", 110, 1e9, "stale"],
    ["live", null, 1e9, "live"],
    ["stale", 110, 100, "stale"],
    ["offline", 110, 120, "offline"],
    ["unknown", null, 120, "unknown"],
  ] as const)("%s, stale after %s, is at %s: %s", (state, staleAfter, now, is) => {
    expect(stateAt(one({ state, staleAfter }), now)).toBe(is);
  });

  test.each([
    [4, 100, 4],
    [4, 103.5, 7.5],
    [4, 90, 0],
    [null, 103, null],
  ])("age %s at 100 is at %s: %s", (age, now, is) => {
    expect(ageAt(one({ age }), now)).toBe(is);
  });
});

describe("the total", () => {
  const { devices } = fromSnapshot(
    snapshot([
      device("live"),
      device("soon stale", { staleAfter: 105, count: 3 }),
      device("off", { state: "offline", count: 9 }),
      device("new", { state: "unknown", count: null }),
      device("live, not counted", { count: null }),
    ]),
  );

  test.each([
    [100, { people: 5, counted: 2, left: 3 }],
    [105, { people: 2, counted: 1, left: 4 }],
    [110, { people: 0, counted: 0, left: 5 }],
  ])("at %i is over live devices only", (now, total) => {
    expect(totalAt(devices.values(), now)).toEqual(total);
  });
});

test("devices stand in the order people count in", () => {
  expect(inOrder(["cam10", "cam2", "Bay", "cam1"])).toEqual(["Bay", "cam1", "cam2", "cam10"]);
});
