// The rows of the fleet's tables and their order. Pure.

export type Cellular = string | number | null;

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** What it is sorted by. */
  readonly value: (row: Row) => Cellular;
}

export interface Order {
  readonly key: string;
  readonly down: boolean;
}

const byText = new Intl.Collator("en", { numeric: true }).compare;

/** What is not known stands last either way. */
export function compare(a: Cellular, b: Cellular, down: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order = typeof a === "number" && typeof b === "number" ? a - b : byText(String(a), String(b));
  return down ? -order : order;
}

export function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], { key, down }: Order): readonly Row[] {
  const column = columns.find((one) => one.key === key);
  return column === undefined ? rows : [...rows].sort((a, b) => compare(column.value(a), column.value(b), down));
}

/** The same column again turns the order round. */
export function pressed(order: Order, key: string): Order {
  return { key, down: order.key === key ? !order.down : false };
}
