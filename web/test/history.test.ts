import { expect, test } from "vitest";
import { History, seriesOf } from "../src/device/history";

test("a number holds until the next one", () => {
  expect(seriesOf([{ at: 10, count: 1, until: 15 }, { at: 12, count: 3, until: 17 }], 14)).toEqual([
    [10, 12, 14],
    [1, 3, 3],
  ]);
});

test("where no number was to be believed there is a gap", () => {
  const points = [{ at: 10, count: 1, until: 15 }, { at: 30, count: 3, until: 35 }];
  expect(seriesOf(points, 50)).toEqual([
    [10, 15, 15, 30, 35, 35, 50],
    [1, 1, null, 3, 3, null, null],
  ]);
});

test("nothing seen is nothing but the moment it is", () => {
  expect(seriesOf([], 50)).toEqual([[50], [null]]);
});

test("what was not later is left out, and the oldest go first", () => {
  const history = new History();
  for (let at = 0; at < 100; at += 1) history.add({ at, count: at, until: at + 5 }, 20);
  history.add({ at: 99, count: 0, until: 200 }, 20);
  expect(history.points.at(-1)).toEqual({ at: 99, count: 99, until: 104 });
  expect(history.points.length).toBeLessThanOrEqual(25);
  expect(history.points.length).toBeGreaterThanOrEqual(20);
});

test("a number ends when the device is no longer live", () => {
  const history = new History();
  history.end(5);
  history.add({ at: 10, count: 1, until: 60 }, 20);
  history.end(20);
  history.end(30);
  expect(history.points).toEqual([{ at: 10, count: 1, until: 20 }]);
});
