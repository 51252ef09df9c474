// The one file that talks to the server. What it hears becomes signals; nothing else opens a connection.

import { batch, computed, signal } from "@preact/signals";
import { io } from "socket.io-client";
import { type Anchor, heard, hubTime, isBehind, read } from "./clock";
import { type Live, type Seen, fromSnapshot, inOrder, stateAt, totalAt, withChanges } from "./live";
import type { Changes, Snapshot } from "./wire";
import { condition } from "./words";

export type Link = "connecting" | "connected" | "lost";

const TICK = 500; // ms; a device turns stale at most this much late
const SLEPT = 5; // s without a tick: the page was frozen or the computer slept
const PATIENCE = 3; // s for the answer to a resync before asking again
const REFUSED = 2000; // ms until the next try when the server answers, but refuses

const live = signal<Live | null>(null);
const anchor = signal<Anchor | null>(null);
const reading = signal(read());

let order: readonly string[] = [];

export const link = signal<Link>("connecting");
/** The hub's time in seconds, counted here between messages. */
export const now = computed(() => (anchor.value === null ? 0 : hubTime(anchor.value, reading.value)));
export const known = computed(() => live.value !== null);
export const brokerLost = computed(() => live.value?.broker === "lost");
/** The same array as long as no device comes or goes, so that the wall is not drawn anew for every count. */
export const deviceIDs = computed<readonly string[]>((): readonly string[] => {
  const ids = inOrder(live.value?.devices.keys() ?? []);
  const same = ids.length === order.length && ids.every((id, i) => id === order[i]);
  if (!same) order = ids;
  return order;
});
export const total = computed(() => totalAt(live.value?.devices.values() ?? [], now.value));

export function deviceOf(id: string): Seen | undefined {
  return live.value?.devices.get(id);
}

/** The condition of every device now, in words. */
export function conditions(): Map<string, string> {
  const at = now.value;
  return new Map([...(live.value?.devices ?? [])].map(([id, one]) => [id, condition(one.device, stateAt(one, at))]));
}

// 1.4 s plus or minus 40 % is less than 2 s; the spread keeps many walls from calling in the same instant.
const socket = io("/live", {
  autoConnect: false,
  transports: ["websocket"],
  reconnectionDelay: 250,
  reconnectionDelayMax: 1400,
  randomizationFactor: 0.4,
  timeout: 5000,
});

let asked = -Infinity;

function resync(): void {
  const { steady } = read();
  if (!socket.connected || steady - asked < PATIENCE) return;
  asked = steady;
  socket.emit("resync");
}

function onSnapshot(message: Snapshot): void {
  asked = -Infinity;
  batch(() => {
    live.value = fromSnapshot(message);
    reading.value = read();
    anchor.value = { now: message.now, at: reading.value };
    link.value = "connected";
  });
}

function onChanges(message: Changes): void {
  if (live.value === null || anchor.value === null) return resync();
  const at = read();
  const next = withChanges(live.value, message);
  if (next === null || isBehind(anchor.value, message.now, at)) resync();
  if (next === null) return;
  const heardAt = heard(anchor.value, message.now, at);
  batch(() => {
    live.value = next;
    reading.value = at;
    anchor.value = heardAt;
  });
}

function onLost(): void {
  asked = -Infinity;
  if (known.value) link.value = "lost";
  // Socket.IO retries by itself after a lost connection, but not after a server's refusal or goodbye.
  if (!socket.active) setTimeout(() => socket.connect(), REFUSED);
}

function tick(): void {
  const at = read();
  const slept = Math.max(at.wall - reading.value.wall, at.steady - reading.value.steady) > SLEPT;
  reading.value = at;
  if (slept) resync();
}

/** Skip what is left of the waiting time: the network or the viewer is back. */
function hurry(): void {
  tick();
  if (!socket.connected) socket.disconnect().connect();
}

export function start(): void {
  socket.on("snapshot", onSnapshot);
  socket.on("changes", onChanges);
  socket.on("disconnect", onLost);
  socket.on("connect_error", onLost);
  setInterval(tick, TICK);
  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") hurry();
  });
  socket.connect();
}
