import { useState } from "preact/hooks";
import { now } from "../api";
import { useAction } from "../components/action";
import { Field, Form } from "../components/form";
import { call } from "../rest";
import type { TokenInfo, TokenMade, Tokens as Answer } from "../wire";
import { moment } from "../words";
import { Choice, LASTING, RoleChoice, SitesField, sitesOf, sitesText } from "./choices";
import { changed, useLoaded } from "./loaded";
import { Secret } from "./secret";

/** Where it may not do what it was made for. */
function limit({ role, sites, may, expires, by }: TokenInfo): string {
  if (may === null) return expires !== null && expires <= now.peek() ? " · expired" : ` · stopped: the account of ${by} is closed or gone`;
  const same = may.role === role && sitesText(may.sites) === sitesText(sites);
  return same ? "" : ` · now only ${may.role}, ${may.sites?.length === 0 ? "no site" : sitesText(may.sites)}: ${by} may no more`;
}

/** What other systems show instead of a password. */
export function Tokens() {
  const { answer, action } = useLoaded<Answer>("tokens");
  const making = useAction();
  const [made, setMade] = useState<TokenMade | null>(null);
  async function make(field: (name: string) => string): Promise<void> {
    const seconds = field("seconds");
    const body = { name: field("name"), role: field("role"), sites: sitesOf(field("sites")), seconds: seconds === "" ? null : Number(seconds) };
    setMade(await call<TokenMade>("POST", "tokens", body));
    changed();
  }
  async function revoke(id: string): Promise<void> {
    await call("DELETE", `tokens/${encodeURIComponent(id)}`);
    if (made?.token.id === id) setMade(null);
    changed();
  }
  return (
    <section class="card">
      <h2>Tokens</h2>
      <p class="hint">For other systems that read or set something over REST. A token may do no more than whoever made it.</p>
      <ul class="list">
        {answer?.tokens.map((token) => (
          <li key={token.id}>
            <p>
              <strong>{token.name}</strong> {token.role}, {sitesText(token.sites)}
              <span class="quiet"> · {token.expires === null ? "does not expire" : `until ${moment(token.expires)}`} · by {token.by}</span>
              <span class="lapsed">{limit(token)}</span>
            </p>
            <button type="button" class="danger" aria-label={`Revoke ${token.name}`} disabled={action.busy}
              onClick={() => void action.run(() => revoke(token.id))}>
              Revoke
            </button>
          </li>
        ))}
      </ul>
      <p role="alert" class="error">
        {action.error}
      </p>
      {made !== null && <Secret text={made.secret} label={`The secret of ${made.token.name}; it is shown this once:`} />}
      <details>
        <summary>Make a token</summary>
        <Form action={making} button="Make token" onSend={make}>
          <Field label="What for" name="name" required maxLength={100} />
          <RoleChoice />
          <SitesField />
          <Choice label="Works for" name="seconds" options={LASTING} />
        </Form>
      </details>
    </section>
  );
}
