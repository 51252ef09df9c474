import { expect, test } from "vitest";
import { heard, hubTime, isBehind } from "../src/clock";

const anchor = { now: 5000, at: { steady: 10, wall: 900_000 } };

test.each([
  ["both clocks run", 12, 900_002, 5002],
  ["the steady clock stood still in suspend", 10, 900_600, 5600],
  ["the wall clock was set back", 12, 0, 5002],
  ["no time went by", 10, 900_000, 5000],
])("%s", (_, steady, wall, is) => {
  expect(hubTime(anchor, { steady, wall })).toBe(is);
});

test("a message that was held up does not turn the clock back", () => {
  const at = { steady: 20, wall: 900_010 };
  expect(heard(anchor, 5004, at)).toBe(anchor);
  expect(heard(anchor, 5011, at)).toEqual({ now: 5011, at });
});

test.each([
  [5010, false],
  [5008, false],
  [5007.9, true],
  [5020, false],
])("a message of %f heard at 5010 is behind: %s", (now, is) => {
  expect(isBehind(anchor, now, { steady: 20, wall: 900_010 })).toBe(is);
});
