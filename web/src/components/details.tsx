import { type ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { deviceIDs, known } from "../api";
import { close, open } from "../route";
import type { Device } from "../wire";
import { duration, milliseconds, moment, skewText } from "../words";
import { Age } from "./age";
import { Ailments } from "./ailments";
import { Count } from "./count";
import { useDevice } from "./device";
import { Lamp } from "./lamp";
import { Picture } from "./picture";

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === null) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Facts({ device }: { device: Device }) {
  const counts = Object.entries(device.counts).map(([label, n]) => `${n} × ${label}`);
  return (
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
        {device.staleAfter === null || device.receivedAt === null
          ? null
          : duration(device.staleAfter - device.receivedAt)}
      </Fact>
    </dl>
  );
}

function Body({ id }: { id: string }) {
  const { seen, state } = useDevice(id);
  if (seen.value === undefined)
    return <p class="blank">{known.value ? "This camera is not known here." : "Waiting for the first numbers…"}</p>;
  const { device } = seen.value;
  return (
    <div class={`view ${state.value}`}>
      <Picture key={id} url={device.snapshot} alt={`Latest picture of ${id}`} />
      <div class="facts">
        <Count count={device.count} state={state.value} />
        <p class="when">
          <Lamp state={state.value} />
          <Age id={id} />
        </p>
        <Ailments device={device} />
        <Facts device={device} />
      </div>
    </div>
  );
}

function neighbour(id: string, step: 1 | -1): string | undefined {
  const ids = deviceIDs.value;
  return ids[(ids.indexOf(id) + step + ids.length) % ids.length];
}

function go(id: string, step: 1 | -1): void {
  const other = neighbour(id, step);
  if (other !== undefined) open(other);
}

/** One device, large, in a dialog; the arrow keys walk along the wall. */
export function Details({ id }: { id: string }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const many = deviceIDs.value.length > 1;
  return (
    <dialog
      ref={dialog}
      aria-labelledby="opened"
      onClose={() => close()}
      onClick={(event) => event.target === dialog.current && close()}
      onKeyDown={(event) => {
        if (event.key === "ArrowRight") go(id, 1);
        if (event.key === "ArrowLeft") go(id, -1);
      }}
    >
      <header>
        <h2 id="opened">{id}</h2>
        {many && (
          <button type="button" aria-label="Previous camera" onClick={() => go(id, -1)}>
            ‹
          </button>
        )}
        {many && (
          <button type="button" aria-label="Next camera" onClick={() => go(id, 1)}>
            ›
          </button>
        )}
        <button type="button" aria-label="Close" onClick={() => close()}>
          ×
        </button>
      </header>
      <Body key={id} id={id} />
    </dialog>
  );
}
