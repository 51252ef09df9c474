// Every device in a cell of its own, so that a change draws nothing but what shows it.

import { type ReadonlySignal, type Signal, batch, signal } from "@preact/signals";
import { type Seen, seenAt, stateAt } from "./live";
import { type Total, sameTotal, totalOf } from "./total";
import type { Device, State } from "./wire";

export interface Cell {
  readonly id: string;
  readonly seen: ReadonlySignal<Seen>;
  readonly state: ReadonlySignal<State>;
}

interface OwnCell {
  readonly id: string;
  readonly seen: Signal<Seen>;
  readonly state: Signal<State>;
}

const byName = new Intl.Collator("en", { numeric: true }).compare;
const NOBODY: Total = totalOf([]);

export function nameOf(device: Device): string {
  return device.name ?? device.deviceID;
}

export class Devices {
  readonly #cells = new Map<string, OwnCell>();
  readonly #order = signal<readonly Cell[]>([]);
  readonly #total = signal<Total>(NOBODY);
  #now = 0;

  /** Every device by name, cam2 before cam10; the same array until one comes, goes, or changes its name or place. */
  get order(): ReadonlySignal<readonly Cell[]> {
    return this.#order;
  }

  get total(): ReadonlySignal<Total> {
    return this.#total;
  }

  get(id: string): Cell | undefined {
    return this.#cells.get(id);
  }

  /** These devices and no others. */
  replace(devices: readonly Device[], now: number): void {
    const ids = new Set(devices.map((device) => device.deviceID));
    this.change(devices, [...this.#cells.keys()].filter((id) => !ids.has(id)), now);
  }

  change(devices: readonly Device[], gone: readonly string[], now: number): void {
    batch(() => {
      let moved = false;
      for (const id of gone) moved = this.#cells.delete(id) || moved;
      for (const device of devices) moved = this.#put(seenAt(device, now), now) || moved;
      if (moved) this.#sort();
      this.pass(now);
    });
  }

  /** Let time pass: states follow it, and so do totals. */
  pass(now: number): void {
    this.#now = now;
    batch(() => {
      for (const cell of this.#cells.values()) cell.state.value = stateAt(cell.seen.peek(), now);
      const total = totalOf(this.#counted());
      if (!sameTotal(total, this.#total.peek())) this.#total.value = total;
    });
  }

  /** The moment of the latest `pass`. */
  get now(): number {
    return this.#now;
  }

  *#counted(): Generator<{ state: State; count: number | null }> {
    for (const cell of this.#cells.values())
      yield { state: cell.state.peek(), count: cell.seen.peek().device.count };
  }

  /** Whether the device is a new one, or stands elsewhere now. */
  #put(seen: Seen, now: number): boolean {
    const { deviceID } = seen.device;
    const cell = this.#cells.get(deviceID);
    if (cell === undefined) {
      this.#cells.set(deviceID, { id: deviceID, seen: signal(seen), state: signal(stateAt(seen, now)) });
      return true;
    }
    const before = cell.seen.peek().device;
    cell.seen.value = seen;
    const { name, site, group } = seen.device;
    return before.name !== name || before.site !== site || before.group !== group;
  }

  #sort(): void {
    const kept = this.#order.peek().filter((cell) => this.#cells.get(cell.id) === cell);
    const known = new Set<Cell>(kept);
    const order = [...kept, ...[...this.#cells.values()].filter((cell) => !known.has(cell))];
    this.#order.value = order.sort((a, b) => byName(nameOf(a.seen.peek().device), nameOf(b.seen.peek().device)));
  }
}
