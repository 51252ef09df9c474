import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { devices, now } from "../api";
import { Lamp } from "../components/lamp";
import { nameOf } from "../devices";
import { call, ApiError } from "../rest";
import { hrefs } from "../route";
import type { Device, Worker, Workers as Answer } from "../wire";
import { duration, plural } from "../words";
import { Table, type Shown } from "./table";

const AGAIN = 5000; // ms

function ago(moment: number | null | undefined): string {
  return moment == null ? "–" : `${duration(Math.max(0, now.value - moment))} ago`;
}

function Presence({ state }: { state: "online" | "offline" | undefined }) {
  if (state === undefined) return <span class="quiet">no agent</span>;
  return <Lamp state={state === "online" ? "live" : "offline"} name={state === "online" ? "Online" : "Offline"} />;
}

const AGENTS: readonly Shown<Device>[] = [
  {
    key: "name", title: "Camera", value: nameOf,
    show: (device) => <a href={hrefs.device(device.deviceID)}>{nameOf(device)}</a>,
  },
  { key: "site", title: "Site", value: (device) => device.site, show: (device) => device.site ?? "–" },
  {
    key: "state", title: "Agent", value: (device) => device.agent?.state ?? null,
    show: (device) => <Presence state={device.agent?.state} />,
  },
  { key: "version", title: "Version", value: (device) => device.agent?.version ?? null, show: (device) => device.agent?.version ?? "–" },
  {
    key: "health", title: "Health", value: (device) => device.problem ?? device.agent?.error ?? null,
    show: (device) => device.problem ?? device.agent?.error ?? (device.agent?.paused ? "Paused" : "Good"),
  },
  { key: "spool", title: "Spool", number: true, value: (device) => device.agent?.pending ?? null, show: (device) => device.agent?.pending ?? "–" },
  { key: "dropped", title: "Dropped", number: true, value: (device) => device.agent?.dropped ?? null, show: (device) => device.agent?.dropped ?? "–" },
  { key: "seen", title: "Last seen", number: true, value: (device) => device.agent?.seen ?? null, show: (device) => ago(device.agent?.seen) },
];

const WORKERS: readonly Shown<Worker>[] = [
  { key: "name", title: "Worker", value: (worker) => worker.worker, show: (worker) => worker.worker },
  { key: "state", title: "State", value: (worker) => worker.state, show: (worker) => <Presence state={worker.state} /> },
  { key: "health", title: "Health", value: (worker) => worker.error, show: (worker) => worker.error ?? "Good" },
  { key: "flow", title: "Flow", value: (worker) => worker.flow, show: (worker) => worker.flow },
  { key: "version", title: "Version", value: (worker) => worker.version, show: (worker) => worker.version ?? "–" },
  { key: "model", title: "Model", value: (worker) => worker.model, show: (worker) => worker.model ?? "–" },
  { key: "provider", title: "Runs on", value: (worker) => worker.provider, show: (worker) => worker.provider ?? "–" },
  { key: "load", title: "Load", number: true, value: (worker) => worker.load, show: (worker) => worker.load },
  { key: "shed", title: "Shed", number: true, value: (worker) => worker.shed, show: (worker) => worker.shed },
  { key: "seen", title: "Last seen", number: true, value: (worker) => worker.seen, show: (worker) => ago(worker.seen) },
];

function Workers() {
  const workers = useSignal<readonly Worker[] | null>(null);
  const error = useSignal<string | null>(null);
  useEffect(() => {
    const look = async (): Promise<void> => {
      try {
        workers.value = (await call<Answer>("GET", "workers")).workers;
        error.value = null;
      } catch (failure) {
        if (!(failure instanceof ApiError)) throw failure;
        error.value = failure.message;
      }
    };
    void look();
    const timer = setInterval(() => void look(), AGAIN);
    return () => clearInterval(timer);
  }, []);
  const all = workers.value;
  return (
    <section>
      <h2>Workers</h2>
      {error.value !== null && (
        <p class="error" role="alert">
          {all === null ? error.value : `As last heard. ${error.value}`}
        </p>
      )}
      {all?.length === 0 && <p class="quiet">No worker has reported; nothing is analysed.</p>}
      {all !== null && all.length > 0 && (
        <Table label="Workers" columns={WORKERS} rows={all} id={(worker) => worker.worker} first={{ key: "name", down: false }} />
      )}
    </section>
  );
}

/** Every agent and worker: is it there, is it well, is it behind? */
export function Fleet() {
  const rows = useComputed(() => {
    void Math.floor(now.value);
    return devices.order.value.map((cell) => cell.seen.peek().device);
  });
  const online = rows.value.filter((device) => device.agent?.state === "online").length;
  return (
    <div class="fleet">
      <h1>Fleet</h1>
      <Workers />
      <section>
        <h2>Agents</h2>
        <p class="quiet">
          {online} of {plural(rows.value.length, "camera", "cameras")} online
        </p>
        <Table label="Agents" columns={AGENTS} rows={rows.value} id={(device) => device.deviceID} first={{ key: "name", down: false }} />
      </section>
    </div>
  );
}
