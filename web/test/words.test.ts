import { expect, test } from "vitest";
import { toSay } from "../src/shell/say";
import { brief, condition, duration, milliseconds, skewText } from "../src/words";

test.each([
  [0, "0 s"],
  [0.99, "0 s"],
  [59.9, "59 s"],
  [60, "1 min 00 s"],
  [125, "2 min 05 s"],
  [3600, "1 h 00 min"],
  [11_260, "3 h 07 min"],
  [86_400, "1 d 0 h"],
  [187_200, "2 d 4 h"],
])("%f s is %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test.each([
  [59.9, "59 s"],
  [119, "1 min"],
  [11_260, "3 h"],
  [187_200, "2 d"],
])("%f s is %s in brief", (seconds, text) => {
  expect(brief(seconds)).toBe(text);
});

test.each([
  [0.4, "0 ms"],
  [48.2, "48 ms"],
  [1549, "1.5 s"],
])("%f ms is %s", (ms, text) => {
  expect(milliseconds(ms)).toBe(text);
});

test.each([
  [-200, "Clock 3 min 20 s slow"],
  [5.5, "Clock 5 s fast"],
])("a skew of %f s is %s", (skew, text) => {
  expect(skewText(skew)).toBe(text);
});

const trouble = { reason: "crashed", at: 1, captureID: "captures/a/1.jpg" };

test.each([
  [null, null, "live"],
  ["no answer", null, "live with a problem"],
  [null, trouble, "live with a picture set aside"],
  ["no answer", trouble, "live with a problem and a picture set aside"],
])("problem %j and trouble %j are put as %s", (problem, trouble, text) => {
  expect(condition({ problem, trouble }, "live")).toBe(text);
});

test.each<[string, Record<string, string>, Record<string, string>, string]>([
  ["nothing new", { a: "live" }, { a: "live" }, ""],
  ["what is wrong besides", { a: "live" }, { a: "live with a problem" }, "a is live with a problem"],
  ["one state", { a: "live", b: "live" }, { a: "stale", b: "live" }, "a is stale"],
  ["come and gone", { a: "live" }, { b: "live", c: "live" }, "2 cameras added, 1 camera removed"],
  [
    "many at once",
    { a: "live", b: "live", c: "live", d: "live" },
    { a: "stale", b: "stale", c: "stale", d: "stale" },
    "4 cameras changed state",
  ],
])("a screen reader is told: %s", (_, before, after, said) => {
  expect(toSay(new Map(Object.entries(before)), new Map(Object.entries(after)))).toBe(said);
});
