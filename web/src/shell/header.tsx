import { useSignalEffect } from "@preact/signals";
import { brokerLost, devices, link } from "../api";
import { hrefs, route } from "../route";
import { mustSignIn, session } from "../session";
import { wallAddress } from "../wall/query";
import { plural } from "../words";
import { theme, toggleTheme } from "./theme";

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M9 5v22M23 5v22" class="rail" />
      <path d="M9 16h14" class="gap" />
    </svg>
  );
}

export function Sum() {
  const { people, counted, left } = devices.total.value;
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

export function Connection() {
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

function Views() {
  const { view } = route.value;
  const user = session.value?.auth ? session.value.principal?.name : undefined;
  const links: (readonly [name: string, href: string, text: string])[] = [
    ["wall", wallAddress.value, "Wall"],
    ["fleet", hrefs.fleet, "Fleet"],
  ];
  if (user !== undefined) links.push(["account", hrefs.account, user]);
  return (
    <nav class="views" aria-label="Views">
      {links.map(([name, href, text]) => (
        <a key={name} href={href} aria-current={view === name ? "page" : undefined}>
          {text}
        </a>
      ))}
    </nav>
  );
}

export function useTitle(): void {
  useSignalEffect(() => {
    const { people, counted } = devices.total.value;
    document.title = counted === 0 ? "Headway" : `${plural(people, "person", "people")} · Headway`;
  });
}

export function Header() {
  useTitle();
  return (
    <header class="bar">
      <a class="brand" href={hrefs.wall} aria-label="Headway">
        <Mark />
        <span>Headway</span>
      </a>
      {!mustSignIn.value && <Views />}
      {devices.order.value.length > 0 && <Sum />}
      {!mustSignIn.value && <Connection />}
      <Theme />
    </header>
  );
}
