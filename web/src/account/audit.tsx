import { useEffect, useState } from "preact/hooks";
import { useAction } from "../components/action";
import { call } from "../rest";
import type { AuditLog, Change } from "../wire";
import { moment } from "../words";
import { useLoaded } from "./loaded";

const PAGE = 50;

function One({ change }: { change: Change }) {
  const detail = Object.entries(change.detail).map(([key, value]) => `${key} ${value}`);
  return (
    <li>
      <p>
        <strong>{change.who || "nobody"}</strong> {[change.action, change.target].filter(Boolean).join(" ")}
        <span class="quiet"> · {[moment(change.at), change.address, ...detail].filter(Boolean).join(" · ")}</span>
      </p>
    </li>
  );
}

/** Who changed what; the latest first. */
export function Audit() {
  const { answer, action } = useLoaded<AuditLog>(`audit?limit=${PAGE}`);
  const [older, setOlder] = useState<readonly AuditLog[]>([]);
  const more = useAction();
  useEffect(() => setOlder([]), [answer]);
  const pages = [...(answer === null ? [] : [answer]), ...older];
  const next = pages.at(-1)?.next ?? null;
  return (
    <section class="card">
      <h2>Changes</h2>
      <ul class="list">
        {pages.flatMap((page) => page.entries).map((change, i) => (
          <One key={i} change={change} />
        ))}
      </ul>
      <p role="alert" class="error">
        {action.error ?? more.error}
      </p>
      {next !== null && (
        <p class="send">
          <button type="button" class="plain" disabled={more.busy}
            onClick={() => void more.run(async () => setOlder([...older, await call<AuditLog>("GET", `audit?limit=${PAGE}&before=${next}`)]))}>
            Older changes
          </button>
        </p>
      )}
    </section>
  );
}
