import type { State } from "../wire";

/** The number of people. Only a live number stands in full colour; any other says that it is the last known. */
export function Count({ count, state }: { count: number | null; state: State }) {
  const unit = count === 1 ? "person" : "people";
  return (
    <p class={state === "live" ? "count" : "count old"}>
      <span class="number">{count ?? "–"}</span>{" "}
      <span class="unit">
        {count === null ? "not counted yet" : unit}
        {count !== null && state !== "live" && <span class="last">last known</span>}
      </span>
    </p>
  );
}
