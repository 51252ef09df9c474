// Numbers, moments and conditions as people read them.

import type { Device, State } from "./wire";

/** 8 s, 2 min 05 s, 3 h 07 min, 2 d 4 h: two units at most, and the last one counts. */
export function duration(seconds: number): string {
  const s = Math.floor(seconds);
  const two = (n: number): string => String(n).padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** 8 s, 2 min, 3 h, 2 d: one unit, where there is little room. */
export function brief(seconds: number): string {
  return duration(seconds).split(" ").slice(0, 2).join(" ");
}

export function plural(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** The state and what is wrong besides, as in "cam-1 is live with a problem". */
export function condition({ problem, trouble }: Pick<Device, "problem" | "trouble">, state: State): string {
  const besides = [problem === null ? "" : "a problem", trouble === null ? "" : "a picture set aside"].filter(Boolean);
  return besides.length === 0 ? state : `${state} with ${besides.join(" and ")}`;
}

export function milliseconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function moment(unixSeconds: number): string {
  return moments.format(new Date(unixSeconds * 1000));
}

const times = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

export function timeOfDay(unixSeconds: number): string {
  return times.format(new Date(unixSeconds * 1000));
}

/** `skew` is the device's clock minus the hub's. */
export function skewText(skew: number): string {
  return `Clock ${duration(Math.abs(skew))} ${skew < 0 ? "slow" : "fast"}`;
}
