import { useState } from "preact/hooks";
import { useAction } from "../components/action";
import { Form } from "../components/form";
import { call } from "../rest";
import type { InvitationInfo, InvitationMade, Invitations as Answer } from "../wire";
import { moment } from "../words";
import { RoleChoice, SitesField, sitesOf, sitesText } from "./choices";
import { changed, useLoaded } from "./loaded";
import { Secret } from "./secret";

function One({ link, busy, onRevoke }: { link: InvitationInfo; busy: boolean; onRevoke: () => void }) {
  const what = link.name === null ? "A new account" : `A new password for ${link.name}`;
  return (
    <li>
      <p>
        <strong>{what}</strong> {link.role}, {sitesText(link.sites)}
        <span class="quiet"> · until {moment(link.expires)} · by {link.by}</span>
      </p>
      <button type="button" class="danger" aria-label={`Revoke: ${what}, ${link.role}, until ${moment(link.expires)}`}
        disabled={busy} onClick={onRevoke}>
        Revoke
      </button>
    </li>
  );
}

/** The links that work, and a way to make one. */
export function Invitations() {
  const { answer, action } = useLoaded<Answer>("invitations");
  const inviting = useAction();
  const [made, setMade] = useState<InvitationMade | null>(null);
  async function invite(field: (name: string) => string): Promise<void> {
    setMade(await call<InvitationMade>("POST", "invitations", { role: field("role"), sites: sitesOf(field("sites")) }));
    changed();
  }
  async function revoke(id: string): Promise<void> {
    await call("DELETE", `invitations/${encodeURIComponent(id)}`);
    if (made?.id === id) setMade(null);
    changed();
  }
  return (
    <section class="card">
      <h2>Invitations</h2>
      <p class="hint">{answer?.invitations.length === 0 ? "No link is open." : "Links that were not used yet; each works once."}</p>
      <ul class="list">
        {answer?.invitations.map((link) => (
          <One key={link.id} link={link} busy={action.busy} onRevoke={() => void action.run(() => revoke(link.id))} />
        ))}
      </ul>
      <p role="alert" class="error">
        {action.error}
      </p>
      {made !== null && (
        <Secret text={made.link} label={`Give this link to whom you invite; it works once, until ${moment(made.expires)}:`} />
      )}
      <details>
        <summary>Invite somebody</summary>
        <Form action={inviting} button="Make a link" onSend={invite}>
          <RoleChoice />
          <SitesField />
        </Form>
      </details>
    </section>
  );
}
