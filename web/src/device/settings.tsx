import { useEffect, useState } from "preact/hooks";
import { devices } from "../api";
import { useAction } from "../components/action";
import { Field, Form } from "../components/form";
import { call } from "../rest";
import { placesOf } from "../wall/arranged";
import type { Device } from "../wire";
import { duration } from "../words";

export interface Desired {
  readonly name?: string | null;
  readonly site?: string | null;
  readonly group?: string | null;
  readonly interval?: number | null;
  readonly paused?: boolean | null;
}

interface Answer {
  readonly desired: Desired | null;
}

function path(device: Device): string {
  return `devices/${encodeURIComponent(device.deviceID)}/settings`;
}

function text(value: string): string | null {
  return value.trim() === "" ? null : value.trim();
}

/** What was asked of the agent, and whether it does so. */
function Applied({ device, desired }: { device: Device; desired: Desired }) {
  const { agent } = device;
  if (agent == null) return <p class="hint">Its agent has not reported yet.</p>;
  const wants = desired.interval ?? null;
  const waits = wants !== null && agent.interval !== wants;
  return (
    <p class={waits ? "hint waits" : "hint"}>
      {waits
        ? `Asked for every ${duration(wants)}; the agent takes one every ${agent.interval === null ? "?" : duration(agent.interval)} still.`
        : "The agent does as asked."}
    </p>
  );
}

/** What operators ask of the agent. */
export function Settings({ device }: { device: Device }) {
  const [desired, setDesired] = useState<Desired | null>(null);
  const loading = useAction();
  const saving = useAction();
  useEffect(() => {
    void loading.run(async () => setDesired((await call<Answer>("GET", path(device))).desired ?? {}));
  }, [device.deviceID]);
  async function save(field: (name: string) => string): Promise<void> {
    const interval = field("interval");
    const wish: Desired = {
      name: text(field("name")),
      site: text(field("site")),
      group: text(field("group")),
      interval: interval === "" ? null : Number(interval),
      paused: field("paused") === "on",
    };
    setDesired((await call<Answer>("PUT", path(device), wish)).desired ?? wish);
  }
  return (
    <section class="card">
      <h2>Settings</h2>
      {loading.error !== null && <p role="alert" class="error">{loading.error}</p>}
      {desired !== null && (
        <Form action={saving} button="Save" done="Saved" onSend={save}>
          <Field label="Name" name="name" value={desired.name ?? ""} maxLength={100} />
          <div class="two">
            <Field label="Site" name="site" value={desired.site ?? ""} list={placesOf(devices.order.value, "site")} />
            <Field label="Group" name="group" value={desired.group ?? ""} list={placesOf(devices.order.value, "group")} />
          </div>
          <Field label="Seconds between pictures" name="interval" type="number" min={0.1} max={86_400}
            value={desired.interval == null ? "" : String(desired.interval)} hint="Empty: as the agent was started." />
          <label class="check">
            <input type="checkbox" name="paused" defaultChecked={desired.paused ?? false} /> Pause: take no pictures
          </label>
          <Applied device={device} desired={desired} />
        </Form>
      )}
    </section>
  );
}
