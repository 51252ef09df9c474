import { open } from "../route";
import { milliseconds, skewText } from "../words";
import { Age } from "./age";
import { Ailments } from "./ailments";
import { Count } from "./count";
import { useDevice } from "./device";
import { Lamp } from "./lamp";
import { Picture } from "./picture";

export function Tile({ id }: { id: string }) {
  const { seen, state } = useDevice(id);
  if (seen.value === undefined) return null;
  const { device } = seen.value;
  const fine = [device.model, device.worker, device.inferenceMs === null ? null : milliseconds(device.inferenceMs)];
  return (
    <li class={`tile ${state.value}`} data-device={id}>
      <Picture url={device.snapshot} alt={`Latest picture of ${id}`} />
      <div class="facts">
        <h2>
          <button type="button" aria-haspopup="dialog" onClick={() => open(id)}>
            {id}
          </button>
        </h2>
        <Count count={device.count} state={state.value} />
        <p class="when">
          <Lamp state={state.value} />
          <Age id={id} />
        </p>
        {device.skew !== null && <p class="badge">{skewText(device.skew)}</p>}
        <Ailments device={device} />
        <p class="fine">{fine.filter(Boolean).join(" · ")}</p>
      </div>
    </li>
  );
}
