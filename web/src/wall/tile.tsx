import { Age } from "../components/age";
import { Count } from "../components/count";
import { useCell } from "../components/cell";
import { Lamp } from "../components/lamp";
import { Picture } from "../components/picture";
import { nameOf } from "../devices";
import { hrefs } from "../route";
import type { Device } from "../wire";
import { skewText } from "../words";
import type { Look } from "./geometry";

const FLICK = 150; // ms; a tile that is scrolled past asks for no picture

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface TileProps {
  readonly id: string;
  readonly look: Look;
  readonly place: Place;
  /** Among how many it is which, from 1. */
  readonly index: number;
  readonly of: number;
  readonly heading: "h2" | "h3";
  readonly scrolled?: boolean;
}

/** What is wrong besides: one line on the wall, all of it on the device's own view. */
function Remark({ device }: { device: Device }) {
  const { problem, trouble, skew } = device;
  const remarks = [
    problem === null ? null : `Problem: ${problem}`,
    trouble === null ? null : `Picture set aside: ${trouble.reason}`,
    skew === null ? null : skewText(skew),
  ].filter((one) => one !== null);
  if (remarks.length === 0) return null;
  return (
    <p class="remark" title={remarks.join("\n")}>
      {remarks.join(" · ")}
    </p>
  );
}

export function Tile({ id, look, place, index, of, heading: Heading, scrolled = false }: TileProps) {
  const cell = useCell(id);
  if (cell === undefined) return null;
  const { device } = cell.seen.value;
  const state = cell.state.value;
  const name = nameOf(device);
  const style = { transform: `translate(${place.x}px, ${place.y}px)`, width: `${place.width}px`, height: `${place.height}px` };
  return (
    <li class={`tile ${look} ${state}`} data-device={id} style={style} aria-posinset={index} aria-setsize={of}>
      <div class="inside">
        {look !== "bare" && <Picture url={device.snapshot} alt={`Latest picture of ${name}`} after={scrolled ? FLICK : 0} />}
        <div class="facts">
          <Heading>
            <a href={hrefs.device(id)} title={name}>
              {name}
            </a>
          </Heading>
          <Count count={device.count} state={state} />
          <p class="when">
            <Lamp state={state} />
            <Age seen={cell.seen} inBrief={look === "bare"} />
          </p>
        </div>
        <Remark device={device} />
      </div>
    </li>
  );
}
