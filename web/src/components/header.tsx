import { useSignalEffect } from "@preact/signals";
import { brokerLost, deviceIDs, link, total } from "../api";
import { theme, toggleTheme } from "../theme";
import { plural } from "../words";

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M9 5v22M23 5v22" class="rail" />
      <path d="M9 16h14" class="gap" />
    </svg>
  );
}

function Sum() {
  const { people, counted, left } = total.value;
  return (
    <p class="sum">
      <span class={counted === 0 ? "number none" : "number"}>{counted === 0 ? "–" : people}</span>{" "}
      <span class="unit">
        {people === 1 ? "person" : "people"} on {plural(counted, "live camera", "live cameras")}{" "}
        {left > 0 && <strong>{plural(left, "camera", "cameras")} not counted</strong>}
      </span>
    </p>
  );
}

function Connection() {
  if (link.value === "lost") return <p class="link lost">Reconnecting…</p>;
  if (link.value === "connecting") return <p class="link">Connecting…</p>;
  if (brokerLost.value) return <p class="link lost">No message broker</p>;
  return <p class="link good">Connected</p>;
}

function Theme() {
  const dark = theme.value === "dark";
  return (
    <button type="button" class="theme" aria-pressed={dark} aria-label="Dark colours" onClick={toggleTheme}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <circle cx="12" cy="12" r="8" class="line" />
        <path d="M12 4a8 8 0 0 1 0 16z" class="fill" />
      </svg>
    </button>
  );
}

export function Header() {
  useSignalEffect(() => {
    const { people, counted } = total.value;
    document.title = counted === 0 ? "Headway" : `${plural(people, "person", "people")} · Headway`;
  });
  return (
    <header class="bar">
      <p class="brand">
        <Mark />
        Headway
      </p>
      {deviceIDs.value.length > 0 && <Sum />}
      <Connection />
      <Theme />
    </header>
  );
}
