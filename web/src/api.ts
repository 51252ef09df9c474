// The one file that listens to the live channel. What it hears becomes signals.

import { batch, computed, signal } from "@preact/signals";
import { io } from "socket.io-client";
import { type Anchor, heard, hubTime, isBehind, read } from "./clock";
import { remember } from "./device/memory";
import { Devices } from "./devices";
import { judge } from "./live";
import { page } from "./route";
import { mustSignIn, refreshSession } from "./session";
import { reloadIfNewer } from "./shell/renew";
import type { Broker, Changes, Snapshot } from "./wire";

export type Link = "connecting" | "connected" | "lost";

const TICK = 500; // ms; a device turns stale at most this much late
const SLEPT = 5; // s without a tick: the page was frozen or the computer slept
const PATIENCE = 3; // s for the answer to a resync before asking again
const REFUSED = 2000; // ms until the next try when the server answers, but refuses

const anchor = signal<Anchor | null>(null);
const reading = signal(read());
const broker = signal<Broker | null>(null);
let revision: number | null = null;

export const devices = new Devices();
export const link = signal<Link>("connecting");
/** Why the server does not let us listen, in its words. */
export const refusal = signal<string | null>(null);
/** The hub's time in seconds, counted here between messages. */
export const now = computed(() => (anchor.value === null ? 0 : hubTime(anchor.value, reading.value)));
export const known = computed(() => broker.value !== null);
export const brokerLost = computed(() => broker.value === "lost");

/** From the address: a page for one site, group or flow asks for nothing else. */
function scope(): Record<string, string> {
  const asked = ["site", "group", "flow"].map((name) => [name, page.get(name)]);
  return Object.fromEntries(asked.filter(([, value]) => value));
}

// 1.4 s plus or minus 40 % is less than 2 s; the spread keeps many walls from calling in the same instant.
const socket = io("/live", {
  autoConnect: false,
  auth: scope(),
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
  const at = read();
  batch(() => {
    revision = message.revision;
    broker.value = message.broker;
    reading.value = at;
    anchor.value = { now: message.now, at };
    link.value = "connected";
    refusal.value = null;
    devices.replace(message.devices, message.now);
  });
  remember(devices, message.devices);
}

function onChanges(message: Changes): void {
  if (revision === null || anchor.value === null) return resync();
  const verdict = judge(revision, message);
  const at = read();
  if (verdict === "behind" || isBehind(anchor.value, message.now, at)) resync();
  if (verdict !== "take") return;
  const heardAt = heard(anchor.value, message.now, at);
  batch(() => {
    revision = message.revision;
    broker.value = message.broker;
    reading.value = at;
    anchor.value = heardAt;
    devices.change(message.devices, message.gone, message.now);
  });
  remember(devices, message.devices);
}

function onLost(): void {
  asked = -Infinity;
  link.value = "lost";
  // Socket.IO retries by itself after a lost connection, but not after a server's refusal or goodbye.
  if (!socket.active) setTimeout(() => void connect(), REFUSED);
}

function onRefused(error: Error): void {
  if (!socket.active) refusal.value = error.message;
  onLost();
}

function tick(): void {
  const at = read();
  const slept = Math.max(at.wall - reading.value.wall, at.steady - reading.value.steady) > SLEPT;
  batch(() => {
    reading.value = at;
    devices.pass(now.value);
  });
  if (slept) resync();
}

/** Skip what is left of the waiting time: the network or the viewer is back. */
function hurry(): void {
  tick();
  if (!socket.connected) void connect();
}

/** Ask first who we are: whoever has to sign in is not let in. */
export async function connect(): Promise<void> {
  const answered = await refreshSession();
  if (answered && mustSignIn.value) return;
  if (!socket.connected) socket.disconnect().connect();
}

/** Everything heard is forgotten: it was for somebody who is signed in no more. */
export function forgetAll(): void {
  socket.disconnect();
  batch(() => {
    revision = null;
    broker.value = null;
    link.value = "connecting";
    devices.replace([], now.value);
  });
}

export function start(): void {
  socket.on("snapshot", onSnapshot);
  socket.on("changes", onChanges);
  socket.on("connect", () => void reloadIfNewer());
  socket.on("disconnect", onLost);
  socket.on("connect_error", onRefused);
  setInterval(tick, TICK);
  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") hurry();
  });
  void connect();
}
