import { describe, expect, test } from "vitest";
import { EVERYTHING, type Item, type Query, arrange, isNarrow, sameSections } from "../src/wall/arrange";
import { HEADING, geometryOf, heightOf, rowsBetween, rowsOf, sheetOf } from "../src/wall/geometry";
import { stepOf } from "../src/wall/step";

function item(id: string, more: Partial<Item> = {}): Item {
  return { id, name: id, site: null, group: null, state: "live", count: 1, from: 50, ...more };
}

const YARD: readonly Item[] = [
  item("arch", { site: "North", group: "Gates", count: 4 }),
  item("bay", { site: "South", group: "Gates", state: "stale", count: 90, from: 10 }),
  item("cam-2", { name: "Crane", site: "North", count: 7, from: 60 }),
  item("door", { state: "unknown", count: null, from: null }),
];

function ids(query: Partial<Query>): string[] {
  return arrange(YARD, { ...EVERYTHING, ...query }).flatMap((section) => [...section.ids]);
}

describe("the wall shows", () => {
  test.each<[string, Partial<Query>, string[]]>([
    ["everything", {}, ["arch", "bay", "cam-2", "door"]],
    ["a name or an id, in any case", { text: "CRANE cam" }, ["cam-2"]],
    ["a site by its words", { text: "nor gat" }, ["arch"]],
    ["nothing that lacks a word", { text: "crane bay" }, []],
    ["states", { states: ["stale", "unknown"] }, ["bay", "door"]],
    ["a site", { site: "North" }, ["arch", "cam-2"]],
    ["a group of a site", { site: "North", group: "Gates" }, ["arch"]],
    ["most people first, numbers that are not live last", { sort: "count" }, ["cam-2", "arch", "bay", "door"]],
    ["the oldest first", { sort: "age" }, ["door", "bay", "arch", "cam-2"]],
  ])("%s", (_, query, shown) => {
    expect(ids(query)).toEqual(shown);
  });

  const many = YARD.flatMap((one) => [0, 1, 2, 3, 4].map((n) => ({ ...one, id: `${one.id}-${n}` })));

  test("sites as sections, devices without one last", () => {
    expect(arrange(many, EVERYTHING).map((section) => section.title)).toEqual(["North", "South", ""]);
  });

  test("groups as sections of one site", () => {
    expect(arrange(many, { ...EVERYTHING, site: "North" }).map((section) => section.title)).toEqual(["Gates", ""]);
  });

  test("few without sections", () => {
    expect(arrange(YARD, EVERYTHING).map((section) => section.title)).toEqual([null]);
  });

  test("one section without a title where there are no sites", () => {
    expect(arrange([item("a")], EVERYTHING)).toEqual([{ title: null, ids: ["a"] }]);
  });

  test("the same sections where nothing moved", () => {
    expect(sameSections(arrange(YARD, EVERYTHING), arrange([...YARD], EVERYTHING))).toBe(true);
    expect(sameSections(arrange(YARD, EVERYTHING), arrange(YARD.slice(1), EVERYTHING))).toBe(false);
  });

  test.each<[Partial<Query>, boolean]>([
    [{}, false],
    [{ sort: "age" }, false],
    [{ text: " " }, false],
    [{ text: "x" }, true],
    [{ states: ["live"] }, true],
  ])("whether %j leaves anything out: %s", (query, narrow) => {
    expect(isNarrow({ ...EVERYTHING, ...query })).toBe(narrow);
  });
});

const DESK = { width: 1400, height: 720 };

describe("tiles", () => {
  test.each([1, 2, 3, 4, 5, 6, 12, 24, 60, 5000])("%i on a desk lie side by side within its width", (count) => {
    for (const pictures of [true, false]) {
      const { columns, width, height, gap } = geometryOf(count, DESK, pictures);
      expect(columns * width + (columns - 1) * gap).toBeLessThanOrEqual(DESK.width + 0.5);
      expect(height).toBeGreaterThan(90);
      if (count <= 4 && pictures) expect(Math.ceil(count / columns) * (height + gap) - gap).toBeLessThanOrEqual(DESK.height);
    }
  });

  test.each([7, 8, 10])("%i fill a desk without scrolling, their pictures uncut", (count) => {
    const { columns, width, height, gap } = geometryOf(count, DESK, true);
    expect(Math.ceil(count / columns) * (height + gap) - gap).toBeLessThanOrEqual(DESK.height);
    expect(height).toBeGreaterThanOrEqual((width * 3) / 4);
  });

  test("on a phone stand in one column, without pictures in two", () => {
    expect(geometryOf(40, { width: 366, height: 600 }, true)).toMatchObject({ columns: 1, look: "strip" });
    expect(geometryOf(40, { width: 366, height: 600 }, false)).toMatchObject({ columns: 2, look: "bare" });
  });
});

describe("of 5,000 tiles in 3 sections", () => {
  const sections = [0, 1, 2].map((n) => ({ title: `site ${n}`, ids: Array.from({ length: 1667 }, (_, i) => `${n}-${i}`) }));
  const geometry = geometryOf(5001, DESK, true);
  const rows = rowsOf(sections, geometry);

  test("none is lost, none overlaps", () => {
    expect(rows.flatMap((row) => [...row.ids])).toHaveLength(5001);
    rows.slice(1).forEach((row, i) => expect(row.top).toBeGreaterThanOrEqual((rows[i]?.top ?? 0) + (rows[i]?.height ?? 0)));
    expect(rows.filter((row) => row.ids.length === 0).map((row) => row.height)).toEqual([HEADING, HEADING, HEADING]);
  });

  test.each([0, 137, 40_000, 1e9, -500])("only rows in view from %i on are drawn, and all of those", (above) => {
    const [from, to] = rowsBetween(rows, above, above + 900);
    const inView = rows.filter((row) => row.top + row.height > above && row.top < above + 900);
    expect(rows.slice(from, to)).toEqual(inView);
    expect(to - from).toBeLessThan(9);
  });

  test("the height is that of the last row's end", () => {
    const last = rows.at(-1);
    expect(heightOf(rows)).toBe((last?.top ?? 0) + geometry.height);
    expect(heightOf([])).toBe(0);
  });
});

describe("a kiosk", () => {
  test.each([1, 2, 3, 7, 12, 40, 80, 120])("shows all of %i on one sheet", (count) => {
    const sheet = sheetOf(count, { width: 1900, height: 930 });
    const rows = Math.ceil(count / sheet.columns);
    expect(sheet.pages).toBe(1);
    expect(rows * sheet.height + (rows - 1) * sheet.gap).toBeLessThanOrEqual(930.5);
  });

  test("turns pages where numbers would be too small, and shows each device on one", () => {
    const sheet = sheetOf(5000, { width: 1900, height: 930 });
    expect(sheet.pages * sheet.each).toBeGreaterThanOrEqual(5000);
    expect((sheet.pages - 1) * sheet.each).toBeLessThan(5000);
    expect(sheet.height).toBeGreaterThanOrEqual(84);
  });

  test("has a sheet where there is nothing, and no room", () => {
    expect(sheetOf(0, { width: 0, height: 0 }).pages).toBe(1);
  });
});

test.each([
  ["ArrowRight", 3, 4],
  ["ArrowLeft", 0, 0],
  ["ArrowDown", 3, 8],
  ["ArrowUp", 3, 0],
  ["PageDown", 3, 23],
  ["Home", 44, 0],
  ["End", 3, 99],
  ["a", 3, null],
])("%s leads from tile %i of 100 in 5 columns to %s", (key, from, to) => {
  expect(stepOf(key, from, 5, 100)).toBe(to);
});
