import type { State } from "../wire";

export const NAMES: Readonly<Record<State, string>> = { live: "Live", stale: "Stale", offline: "Offline", unknown: "Unknown" };

function Aspect({ state }: { state: State }) {
  switch (state) {
    case "live":
      return <circle cx="8" cy="8" r="6" class="fill" />;
    case "stale":
      return <path d="M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11M8 4.8V8l2.2 1.6" class="line" />;
    case "offline":
      return <path d="M3.4 3.4l9.2 9.2M12.6 3.4l-9.2 9.2" class="line" />;
    case "unknown":
      return <path d="M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11" class="line dashes" />;
  }
}

export function LampShape({ state }: { state: State }) {
  return (
    <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
      <Aspect state={state} />
    </svg>
  );
}

/** The state by shape, colour and word, so that none of them has to be seen. */
export function Lamp({ state, name = NAMES[state] }: { state: State; name?: string }) {
  return (
    <span class={`lamp ${state}`}>
      <LampShape state={state} />
      {name}
    </span>
  );
}
