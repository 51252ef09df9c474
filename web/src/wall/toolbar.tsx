import { useLayoutEffect, useRef } from "preact/hooks";
import { devices } from "../api";
import { LampShape, NAMES } from "../components/lamp";
import type { State } from "../wire";
import type { Sort } from "./arrange";
import { placesOf } from "./arranged";
import { ask, query } from "./query";

const STATES: readonly State[] = ["live", "stale", "offline", "unknown"];
const SORTS: readonly (readonly [Sort, string])[] = [
  ["name", "Name"],
  ["count", "Most people"],
  ["age", "Oldest"],
];

function Chip({ state }: { state: State }) {
  const { states } = query.value;
  const on = states.includes(state);
  const n = devices.total.value.states[state];
  return (
    <button
      type="button"
      class={`chip ${state}`}
      aria-pressed={on}
      disabled={n === 0 && !on}
      onClick={() => ask({ states: on ? states.filter((one) => one !== state) : [...states, state] })}
    >
      <LampShape state={state} />
      <span class="name">{NAMES[state]}</span> <span class="n">{n}</span>
    </button>
  );
}

function Select(props: { label: string; value: string; options: readonly (readonly [string, string])[]; onChoose: (value: string) => void }) {
  const { label, value, options, onChoose } = props;
  return (
    <select class="choice" aria-label={label} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
      {options.map(([key, text]) => (
        <option key={key} value={key}>
          {text}
        </option>
      ))}
    </select>
  );
}

const ALL = "\n"; // no place has a line break in its name

function Places({ kind }: { kind: "site" | "group" }) {
  const within = kind === "group" ? query.value.site : null;
  const places = placesOf(devices.order.value, kind, within);
  const chosen = query.value[kind];
  if (places.length === 0 && chosen === null) return null;
  const all = kind === "site" ? "All sites" : "All groups";
  const listed = chosen === null || places.includes(chosen) ? places : [chosen, ...places];
  return (
    <Select
      label={kind === "site" ? "Site" : "Group"}
      value={chosen ?? ALL}
      options={[[ALL, all], ...listed.map((place) => [place, place === "" ? "Elsewhere" : place] as const)]}
      onChoose={(value) => {
        const place = value === ALL ? null : value;
        ask(kind === "site" ? { site: place, group: null } : { group: place });
      }}
    />
  );
}

/** `/` leads to the box, Escape empties it. */
function Filter() {
  const box = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    const find = (event: KeyboardEvent): void => {
      const typing = event.target instanceof Element && event.target.matches("input, select, textarea");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      box.current?.select();
      box.current?.focus();
    };
    addEventListener("keydown", find);
    return () => removeEventListener("keydown", find);
  }, []);
  return (
    <input
      ref={box}
      class="filter"
      type="search"
      placeholder="Filter cameras"
      aria-label="Filter cameras"
      aria-keyshortcuts="/"
      autocomplete="off"
      spellcheck={false}
      value={query.value.text}
      onInput={(event) => ask({ text: event.currentTarget.value })}
      onKeyDown={(event) => {
        if (event.key === "Escape") ask({ text: "" });
      }}
    />
  );
}

export function Toolbar() {
  const { pictures, sort } = query.value;
  return (
    <div class="tools" role="search" aria-label="Cameras">
      <Filter />
      <div class="chips" role="group" aria-label="States">
        {STATES.map((state) => (
          <Chip key={state} state={state} />
        ))}
      </div>
      <div class="choices">
        <Places kind="site" />
        <Places kind="group" />
        <Select label="Order" value={sort} options={SORTS} onChoose={(value) => ask({ sort: value as Sort })} />
        <button type="button" class="chip" aria-pressed={pictures} onClick={() => ask({ pictures: !pictures })}>
          Pictures
        </button>
      </div>
    </div>
  );
}
