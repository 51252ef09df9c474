import { describe, expect, test } from "vitest";
import { ageAt, judge, seenAt, stateAt } from "../src/live";
import type { Device } from "../src/wire";
import { device } from "./device";

test.each([
  [7, 7, 8, "take"],
  [7, 4, 9, "take"], // others of the room were told what we knew already
  [7, 7, 7, "ignore"],
  [7, 3, 6, "ignore"], // was under way when our snapshot was made
  [7, 8, 9, "behind"],
  [0, 1e6, 1e6 + 1, "behind"],
] as const)("at %i, changes since %i up to %i: %s", (own, since, revision, verdict) => {
  expect(judge(own, { since, revision })).toBe(verdict);
});

describe("time", () => {
  const one = (more: Partial<Device> = {}) => seenAt(device("a", more), 100);

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
