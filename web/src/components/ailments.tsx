import { type ComponentChildren } from "preact";
import { now } from "../api";
import type { Device, DeviceTrouble } from "../wire";
import { duration } from "../words";

function Ailment({ children }: { children: ComponentChildren }) {
  return (
    <p class="ailment">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M8 2.2L14.4 13.6H1.6zM8 6.4v3.4M8 11.6v.2" class="line" />
      </svg>
      <span>{children}</span>
    </p>
  );
}

function Ago({ trouble }: { trouble: DeviceTrouble }) {
  return <>{duration(Math.max(0, now.value - trouble.at))} ago</>;
}

/** What is wrong with the device beside its value: in words, with a sign that needs no colour. */
export function Ailments({ device }: { device: Device }) {
  const { problem, trouble } = device;
  if (problem === null && trouble === null) return null;
  return (
    <div class="ailments">
      {problem !== null && <Ailment>Problem: {problem}</Ailment>}
      {trouble !== null && (
        <Ailment>
          Picture set aside <Ago trouble={trouble} />: {trouble.reason}
        </Ailment>
      )}
    </div>
  );
}
