import { useState } from "preact/hooks";
import type { Action } from "../components/action";
import { call } from "../rest";
import { session } from "../session";
import type { People, Person, PersonChanged, RoleWord } from "../wire";
import { ROLES, sitesText } from "./choices";
import { changed, useLoaded } from "./loaded";
import { type Fate, Remove } from "./remove";
import { Secret } from "./secret";

interface OneProps {
  readonly person: Person;
  readonly action: Action;
  readonly onChange: (person: Person, change: object) => Promise<void>;
  readonly onRemove: (person: Person, tokens: Fate | null) => Promise<void>;
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
          {person.tokens.length > 0 ? ` · made ${person.tokens.length === 1 ? "the token" : "the tokens"} ${person.tokens.join(", ")}` : ""}
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
          <Remove person={person} action={action} onRemove={(tokens) => onRemove(person, tokens)} />
        </p>
      )}
    </li>
  );
}

/** Everybody who has an account. */
export function Users() {
  const { answer, action } = useLoaded<People>("users");
  const [link, setLink] = useState<{ text: string; label: string } | null>(null);
  async function change(person: Person, what: object): Promise<void> {
    const { link: made } = await call<PersonChanged>("PATCH", `users/${encodeURIComponent(person.name)}`, what);
    if (made !== null) setLink({ text: made, label: `With this link ${person.name} sets a new password, once:` });
    changed();
  }
  async function remove(person: Person, tokens: Fate | null): Promise<void> {
    await call("DELETE", `users/${encodeURIComponent(person.name)}${tokens === null ? "" : `?tokens=${tokens}`}`);
    changed();
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
    </section>
  );
}
