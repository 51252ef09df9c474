import { type ComponentChildren } from "preact";
import { useComputed } from "@preact/signals";
import { useRef, useState } from "preact/hooks";
import { useSpace, view } from "../wall/space";
import { type Column, type Order, pressed, sorted } from "./rows";

export interface Shown<Row> extends Column<Row> {
  readonly show: (row: Row) => ComponentChildren;
  readonly number?: boolean;
}

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Shown<Row>[];
  readonly rows: readonly Row[];
  readonly id: (row: Row) => string;
  readonly first: Order;
}

const LINE = 44; // px
const CARD = 152; // px, on a phone
const PHONE = 736; // px
const BEYOND = 12; // rows

function Head<Row>({ column, order, onPress }: { column: Shown<Row>; order: Order; onPress: () => void }) {
  const sorted = order.key === column.key ? (order.down ? "descending" : "ascending") : "none";
  return (
    <th scope="col" aria-sort={sorted} class={column.number ? "number" : ""}>
      <button type="button" onClick={onPress}>
        {column.title}
        <span aria-hidden="true" class="arrow">
          {sorted === "none" ? "" : order.down ? "↓" : "↑"}
        </span>
      </button>
    </th>
  );
}

/** On a phone each row is a card, and the order is chosen from a list. */
function OrderChoice<Row>({ columns, order, onOrder }: { columns: readonly Shown<Row>[]; order: Order; onOrder: (order: Order) => void }) {
  return (
    <p class="order">
      <label>
        Order{" "}
        <select class="choice" value={order.key} onChange={(event) => onOrder({ key: event.currentTarget.value, down: order.down })}>
          {columns.map(({ key, title }) => (
            <option key={key} value={key}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <button type="button" class="chip" aria-pressed={order.down} onClick={() => onOrder({ ...order, down: !order.down })}>
        Largest first
      </button>
    </p>
  );
}

/** A table that can be sorted; of many rows only those in view are drawn. */
export function Table<Row>({ label, columns, rows, id, first }: TableProps<Row>) {
  const frame = useRef<HTMLDivElement>(null);
  const space = useSpace(frame);
  const [order, setOrder] = useState(first);
  const width = useComputed(() => space.value.width);
  const line = width.value > 0 && innerWidth < PHONE ? CARD : LINE;
  const start = useComputed(() => {
    const height = innerWidth < PHONE ? CARD : LINE;
    return Math.max(0, Math.floor((view.value.top - space.value.top) / height / BEYOND) * BEYOND - BEYOND);
  });
  const from = Math.min(start.value, Math.max(0, rows.length - 1));
  const to = Math.min(rows.length, from + Math.ceil(view.peek().height / line) + 3 * BEYOND);
  const all = sorted(rows, columns, order);
  return (
    <div class="grid" ref={frame}>
      <OrderChoice columns={columns} order={order} onOrder={setOrder} />
      <table aria-label={label} aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Head key={column.key} column={column} order={order} onPress={() => setOrder(pressed(order, column.key))} />
            ))}
          </tr>
        </thead>
        <tbody style={{ "--above": `${from * line}px`, "--below": `${(rows.length - to) * line}px` }}>
          {all.slice(from, to).map((row, i) => (
            <tr key={id(row)} aria-rowindex={from + i + 2} data-row={id(row)}>
              {columns.map((column) => (
                <td key={column.key} data-title={column.title} class={column.number ? "number" : ""}>
                  {column.show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
