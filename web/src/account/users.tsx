import { useState } from "preact/hooks";
import { type Action, useAction } from "../components/action";
import { Form } from "../components/form";
import { call } from "../rest";
import { session } from "../session";
import type { InvitationMade, People, Person, PersonChanged, RoleWord } from "../wire";
import { moment } from "../words";
import { ROLES, RoleChoice, SitesField, sitesOf, sitesText } from "./choices";
import { useLoaded } from "./loaded";
import { Secret } from "./secret";

interface OneProps {
  readonly person: Person;
  readonly action: Action;
  readonly onChange: (person: Person, change: object) => Promise<void>;
  readonly onRemove: (person: Person) => Promise<void>;
}

function One({ person, action, onChange, onRemove }: OneProps) {
  const own = session.value?.principal?.name === person.name;
  const run = (what: () => Promise<void>) => (): void => void action.run(what);
  return (
    <li>
      <p>
        <strong>{person.name}</strong> {sitesText(person.sites)}
        <span class="quiet">
          {person.disabled ? " · closed" : ""}
          {person.outside ? " · signs in elsewhere" : ""}
          {own ? " · this is you" : ` · by ${person.by}`}
        </span>
      </p>
      {!own && (
        <p class="send">
          <select class="choice" aria-label={`Role of ${person.name}`} value={person.role}
            onChange={(event) => {
              const role = event.currentTarget.value as RoleWord;
              void action.run(() => onChange(person, { role }));
            }}>
            {ROLES.map(([role]) => (
              <option key={role} value={role}>
                {role}
              </option>
            ))}
          </select>
          {!person.outside && (
            <button type="button" class="plain" onClick={run(() => onChange(person, { reset: true }))}>
              New password
            </button>
          )}
          <button type="button" class="plain" onClick={run(() => onChange(person, { disabled: !person.disabled }))}>
            {person.disabled ? "Open" : "Close"}
          </button>
          <button type="button" class="danger" aria-label={`Remove ${person.name}`} onClick={run(() => onRemove(person))}>
            Remove
          </button>
        </p>
      )}
    </li>
  );
}

/** Everybody who has an account. */
export function Users() {
  const { answer, action, reload } = useLoaded<People>("users");
  const inviting = useAction();
  const [link, setLink] = useState<{ text: string; label: string } | null>(null);
  async function invite(field: (name: string) => string): Promise<void> {
    const made = await call<InvitationMade>("POST", "invitations", { role: field("role"), sites: sitesOf(field("sites")) });
    setLink({ text: made.link, label: `Give this link to whom you invite; it works once, until ${moment(made.expires)}:` });
  }
  async function change(person: Person, what: object): Promise<void> {
    const changed = await call<PersonChanged>("PATCH", `users/${encodeURIComponent(person.name)}`, what);
    if (changed.link !== null) setLink({ text: changed.link, label: `With this link ${person.name} sets a new password, once:` });
    await reload();
  }
  async function remove(person: Person): Promise<void> {
    await call("DELETE", `users/${encodeURIComponent(person.name)}`);
    await reload();
  }
  return (
    <section class="card">
      <h2>People</h2>
      <ul class="list">
        {answer?.users.map((person) => (
          <One key={person.name} person={person} action={action} onChange={change} onRemove={remove} />
        ))}
      </ul>
      <p role="alert" class="error">
        {action.error}
      </p>
      {link !== null && <Secret {...link} />}
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
