import { effect } from "@preact/signals";
import { describe, expect, test } from "vitest";
import { Devices } from "../src/devices";
import { device } from "./device";

function known(...devices: Parameters<Devices["replace"]>[0][number][]): Devices {
  const all = new Devices();
  all.replace(devices, 100);
  return all;
}

function order(devices: Devices): string[] {
  return devices.order.value.map((cell) => cell.id);
}

test("stand in the order people count in, by name where they have one", () => {
  const devices = known(device("cam10"), device("cam2"), device("x", { name: "Bay" }), device("cam1"));
  expect(order(devices)).toEqual(["x", "cam1", "cam2", "cam10"]);
  devices.change([device("cam10", { name: "Arch" }), device("cam3")], ["cam2"], 101);
  expect(order(devices)).toEqual(["cam10", "x", "cam1", "cam3"]);
});

test("a change draws what shows it and nothing else", () => {
  const devices = known(device("a"), device("b"));
  let [a, b, ordered] = [0, 0, 0];
  effect(() => (void devices.get("a")?.seen.value, (a += 1), undefined));
  effect(() => (void devices.get("b")?.seen.value, (b += 1), undefined));
  effect(() => (void devices.order.value, (ordered += 1), undefined));
  devices.change([device("b", { count: 9 })], [], 101);
  expect([a, b, ordered]).toEqual([1, 2, 1]);
});

test("a snapshot keeps the cells of devices that stay and drops the others", () => {
  const devices = known(device("a"), device("b"));
  const cell = devices.get("a");
  devices.replace([device("a", { count: 5 }), device("c")], 101);
  expect(devices.get("a")).toBe(cell);
  expect(cell?.seen.value.device.count).toBe(5);
  expect(order(devices)).toEqual(["a", "c"]);
});

describe("the total", () => {
  const devices = known(
    device("live"),
    device("soon stale", { staleAfter: 105, count: 3 }),
    device("off", { state: "offline", count: 9 }),
    device("new", { state: "unknown", count: null }),
    device("live, not counted", { count: null }),
  );

  test.each([
    [100, { people: 5, counted: 2, left: 3, states: { live: 3, stale: 0, offline: 1, unknown: 1 } }],
    [105, { people: 2, counted: 1, left: 4, states: { live: 2, stale: 1, offline: 1, unknown: 1 } }],
    [110, { people: 0, counted: 0, left: 5, states: { live: 0, stale: 3, offline: 1, unknown: 1 } }],
  ])("at %i is over live devices only", (now, total) => {
    devices.pass(now);
    expect(devices.total.value).toEqual(total);
  });

  test("stays the same object while nothing of it changes", () => {
    const before = devices.total.value;
    devices.pass(200);
    expect(devices.total.value).toBe(before);
  });
});
