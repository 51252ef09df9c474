import { useState } from "preact/hooks";
import { useAction } from "../components/action";
import { Field, Form } from "../components/form";
import { call } from "../rest";
import type { TokenMade, Tokens as Answer } from "../wire";
import { moment } from "../words";
import { Choice, LASTING, RoleChoice, SitesField, sitesOf, sitesText } from "./choices";
import { useLoaded } from "./loaded";
import { Secret } from "./secret";

/** What other systems show instead of a password. */
export function Tokens() {
  const { answer, action, reload } = useLoaded<Answer>("tokens");
  const making = useAction();
  const [made, setMade] = useState<TokenMade | null>(null);
  async function make(field: (name: string) => string): Promise<void> {
    const seconds = field("seconds");
    const body = { name: field("name"), role: field("role"), sites: sitesOf(field("sites")), seconds: seconds === "" ? null : Number(seconds) };
    setMade(await call<TokenMade>("POST", "tokens", body));
    await reload();
  }
  async function revoke(id: string): Promise<void> {
    await call("DELETE", `tokens/${encodeURIComponent(id)}`);
    await reload();
  }
  return (
    <section class="card">
      <h2>Tokens</h2>
      <p class="hint">For other systems that read or set something over REST.</p>
      <ul class="list">
        {answer?.tokens.map((token) => (
          <li key={token.id}>
            <p>
              <strong>{token.name}</strong> {token.role}, {sitesText(token.sites)}
              <span class="quiet"> · {token.expires === null ? "does not expire" : `until ${moment(token.expires)}`} · by {token.by}</span>
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
