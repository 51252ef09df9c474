import { expect, test } from "vitest";
import { type Cellular, compare, pressed, sorted } from "../src/fleet/rows";

test.each<[Cellular, Cellular, boolean, number]>([
  [1, 2, false, -1],
  [1, 2, true, 1],
  ["cam-2", "cam-10", false, -1],
  [null, 1, false, 1],
  [null, 1, true, 1],
  [null, null, true, 0],
])("%j before %j, down %s: %i", (a, b, down, sign) => {
  expect(Math.sign(compare(a, b, down))).toBe(sign);
});

test("rows by a column, and back", () => {
  const columns = [{ key: "n", title: "N", value: (row: number) => row }];
  const once = pressed({ key: "other", down: false }, "n");
  expect(sorted([2, 3, 1], columns, once)).toEqual([1, 2, 3]);
  expect(sorted([2, 3, 1], columns, pressed(once, "n"))).toEqual([3, 2, 1]);
});
