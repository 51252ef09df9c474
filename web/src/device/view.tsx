import { type ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { brokerLost, devices, known, now } from "../api";
import { Age } from "../components/age";
import { Ailments } from "../components/ailments";
import { useCell } from "../components/cell";
import { Count } from "../components/count";
import { Lamp } from "../components/lamp";
import { Picture } from "../components/picture";
import { type Cell, nameOf } from "../devices";
import { hrefs, replaceWith } from "../route";
import { may } from "../session";
import { ids } from "../wall/arranged";
import { wallAddress } from "../wall/query";
import type { Device } from "../wire";
import { duration, milliseconds, moment, skewText } from "../words";
import { Chart } from "./chart";
import { Forget } from "./forget";
import { Settings } from "./settings";

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === null || children === undefined) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Value({ device }: { device: Device }) {
  const counts = Object.entries(device.counts).map(([label, n]) => `${n} × ${label}`);
  const { staleAfter, receivedAt } = device;
  return (
    <section class="card">
      <h2>This number</h2>
      <dl class="table">
        <Fact name="Captured">{device.capturedAt === null ? null : moment(device.capturedAt)}</Fact>
        <Fact name="Device clock">
          {device.skew === null ? null : `${skewText(device.skew)}; ages are by Headway's clock`}
        </Fact>
        <Fact name="Seen">{counts.length === 0 ? null : counts.join(", ")}</Fact>
        <Fact name="Flow">{device.flow}</Fact>
        <Fact name="Model">{device.model}</Fact>
        <Fact name="Worker">{device.worker}</Fact>
        <Fact name="Waited">{device.queueMs === null ? null : milliseconds(device.queueMs)}</Fact>
        <Fact name="Inference">{device.inferenceMs === null ? null : milliseconds(device.inferenceMs)}</Fact>
        <Fact name="Picture">{device.width === null ? null : `${device.width} × ${device.height} pixels`}</Fact>
        <Fact name="Set aside">{device.trouble?.captureID ?? null}</Fact>
        <Fact name="Sequence">{device.sequence}</Fact>
        <Fact name="Fresh for">
          {staleAfter === null || receivedAt === null ? null : duration(staleAfter - receivedAt)}
        </Fact>
      </dl>
    </section>
  );
}

function Health({ device }: { device: Device }) {
  const { agent } = device;
  if (agent == null) return null;
  return (
    <section class="card">
      <h2>Its agent</h2>
      <dl class="table">
        <Fact name="State">{agent.state}</Fact>
        <Fact name="Last seen">{agent.seen === null ? null : `${duration(Math.max(0, now.value - agent.seen))} ago`}</Fact>
        <Fact name="Version">{agent.version}</Fact>
        <Fact name="Camera">{agent.camera}</Fact>
        <Fact name="Interval">{agent.interval === null ? null : duration(agent.interval)}</Fact>
        <Fact name="Captured">{agent.captured}</Fact>
        <Fact name="Spool">{`${agent.pending} waiting`}</Fact>
        <Fact name="Dropped">{agent.dropped}</Fact>
        <Fact name="Error">{agent.error}</Fact>
      </dl>
    </section>
  );
}

function OtherFlows({ device }: { device: Device }) {
  const flows = Object.entries(device.flows ?? {}).filter(([flow]) => flow !== device.flow);
  if (flows.length === 0) return null;
  return (
    <section class="card">
      <h2>Other flows</h2>
      <dl class="table">
        {flows.map(([flow, { count, state }]) => (
          <Fact key={flow} name={flow}>
            {count ?? "–"} ({state})
          </Fact>
        ))}
      </dl>
    </section>
  );
}

function Body({ cell }: { cell: Cell }) {
  const { device } = cell.seen.value;
  const state = cell.state.value;
  return (
    <div class={`view ${state}`}>
      <Picture url={device.snapshot} alt={`Latest picture of ${nameOf(device)}, what was found is framed`} />
      <div class="facts">
        <Count count={device.count} state={state} />
        <p class="when">
          <Lamp state={state} />
          <Age seen={cell.seen} />
        </p>
        {brokerLost.value && <p class="quiet">Headway hears nothing at the moment.</p>}
        <Ailments device={device} />
        <OtherFlows device={device} />
      </div>
      <Chart id={cell.id} />
      <div class="cards">
        <Value device={device} />
        <Health device={device} />
        {may("operator") && <Settings device={device} />}
        {may("admin") && <Forget device={device} />}
      </div>
    </div>
  );
}

function neighbour(id: string, step: 1 | -1): string | null {
  const all = ids.peek().includes(id) ? ids.peek() : devices.order.peek().map((cell) => cell.id);
  if (all.length < 2) return null;
  return all[(all.indexOf(id) + step + all.length) % all.length] ?? null;
}

function walk(id: string, step: 1 | -1): void {
  const other = neighbour(id, step);
  if (other !== null) replaceWith(hrefs.device(other));
}

/** The arrow keys lead to the neighbours on the wall, Escape back to it. */
function useKeys(id: string): void {
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const typing = event.target instanceof Element && event.target.matches("input, select, textarea");
      if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (event.key === "ArrowRight") walk(id, 1);
      if (event.key === "ArrowLeft") walk(id, -1);
      if (event.key === "Escape") location.hash = wallAddress.peek();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [id]);
}

/** One device, large. */
export function DeviceView({ id }: { id: string }) {
  const cell = useCell(id);
  const title = useRef<HTMLHeadingElement>(null);
  useKeys(id);
  useLayoutEffect(() => {
    scrollTo(0, 0);
    title.current?.focus({ preventScroll: true });
  }, []);
  const name = cell === undefined ? id : nameOf(cell.seen.value.device);
  const place = cell === undefined ? [] : [cell.seen.value.device.site, cell.seen.value.device.group].filter(Boolean);
  const many = devices.order.value.length > 1;
  return (
    <article class="device">
      <header>
        <a class="back" href={wallAddress.value} aria-label="Back to the wall">
          ‹
        </a>
        <div class="title">
          <h1 ref={title} tabIndex={-1}>
            {name}
          </h1>
          <p>{[...place, name === id ? null : id].filter(Boolean).join(" · ")}</p>
        </div>
        {many && (
          <p class="steps">
            <button type="button" onClick={() => walk(id, -1)}>
              Previous
            </button>
            <button type="button" onClick={() => walk(id, 1)}>
              Next
            </button>
          </p>
        )}
      </header>
      {cell === undefined ? (
        <p class="blank">{known.value ? "This camera is not known here." : "Waiting for the first numbers…"}</p>
      ) : (
        <Body key={id} cell={cell} />
      )}
    </article>
  );
}
