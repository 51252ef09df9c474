import { useEffect, useState } from "preact/hooks";
import { devices } from "../api";
import { useAction } from "../components/action";
import { Field, Form } from "../components/form";
import { call } from "../rest";
import { placesOf } from "../wall/arranged";
import type { DesiredSettings, Device, Settings as Wanted } from "../wire";
import { duration, moment } from "../words";

const AGAIN = 1000; // ms
const TRIES = 10;
const NOTHING: Wanted = { interval: null, name: null, site: null, group: null, paused: null };

function path(device: Device): string {
  return `devices/${encodeURIComponent(device.deviceID)}/settings`;
}

/** What is empty is not asked for. */
function wanted(field: (name: string) => string): Wanted {
  const text = (name: string): string | null => (field(name).trim() === "" ? null : field(name).trim());
  const [interval, paused] = [field("interval"), field("paused") === "on"];
  return {
    interval: interval === "" ? null : Number(interval),
    name: text("name"),
    site: text("site"),
    group: text("group"),
    paused: paused || null,
  };
}

/** What was asked of the agent, and whether it does so. */
function InForce({ device, answer }: { device: Device; answer: DesiredSettings }) {
  const { agent } = device;
  const { desired, revision, by, at } = answer;
  if (agent === null) return <p class="hint">Its agent has not reported: what you ask for waits for it.</p>;
  const now = agent.paused === true ? "paused" : agent.interval === null ? "" : `a picture every ${duration(agent.interval)}`;
  if (desired === null) return <p class="hint">The agent does as it was started{now === "" ? "" : `: ${now}`}.</p>;
  const who = by === null ? "" : ` Asked for by ${by}${at === null ? "" : `, ${moment(at)}`}.`;
  if (revision !== null && agent.applied === revision) return <p class="hint">In force{now === "" ? "" : `: ${now}`}.{who}</p>;
  return (
    <p class="hint waits">
      Not in force yet{now === "" ? "" : `; still ${now}`}.{who}
    </p>
  );
}

/** What operators ask of the agent. */
export function Settings({ device }: { device: Device }) {
  const [answer, setAnswer] = useState<DesiredSettings | null>(null);
  const loading = useAction();
  const saving = useAction();
  const [tries, setTries] = useState(0);

  async function look(): Promise<void> {
    const next = await call<DesiredSettings>("GET", path(device));
    if (next.revision !== null || tries <= 1) setAnswer(next);
    setTries(next.revision === null ? tries - 1 : 0);
  }

  async function save(field: (name: string) => string): Promise<void> {
    const sent = await call<DesiredSettings>("PUT", path(device), wanted(field));
    setAnswer(sent);
    setTries(sent.desired === null ? 1 : TRIES);
  }

  useEffect(() => {
    void loading.run(look);
  }, [device.deviceID]);

  // What was sent goes by way of the broker: it is looked for until it has a revision.
  useEffect(() => {
    if (tries <= 0) return;
    const timer = setTimeout(() => void loading.run(look), AGAIN);
    return () => clearTimeout(timer);
  }, [tries]);

  const desired = answer?.desired ?? NOTHING;
  return (
    <section class="card settings">
      <h2>Settings</h2>
      {loading.error !== null && (
        <p role="alert" class="error">
          {loading.error}
        </p>
      )}
      {answer !== null && (
        <Form
          action={saving}
          button="Save"
          done="Sent"
          onSend={save}
        >
          <Field label="Name" name="name" value={desired.name ?? ""} maxLength={100} />
          <div class="two">
            <Field label="Site" name="site" value={desired.site ?? ""} maxLength={100} list={placesOf(devices.order.value, "site")} />
            <Field label="Group" name="group" value={desired.group ?? ""} maxLength={100} list={placesOf(devices.order.value, "group")} />
          </div>
          <Field
            label="Seconds between pictures"
            name="interval"
            type="number"
            min={0.02}
            max={86_400}
            value={desired.interval === null ? "" : String(desired.interval)}
          />
          <label class="check">
            <input type="checkbox" name="paused" defaultChecked={desired.paused === true} /> Pause: take no pictures
          </label>
          <p class="hint">What is left empty is as the agent was started.</p>
          <InForce device={device} answer={answer} />
        </Form>
      )}
    </section>
  );
}
