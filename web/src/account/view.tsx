import { forgetAll } from "../api";
import { useAction } from "../components/action";
import { Field, Form } from "../components/form";
import { changePassword, may, session, signOut } from "../session";
import { Audit } from "./audit";
import { Invitations } from "./invitations";
import { Tokens } from "./tokens";
import { Users } from "./users";
import { SHORTEST, chosenPassword } from "./welcome";

function Password() {
  const action = useAction();
  return (
    <section class="card">
      <h2>Password</h2>
      <Form action={action} button="Change password" done="Changed"
        onSend={(field) => changePassword(field("old"), chosenPassword(field))}>
        <input name="username" autocomplete="username" value={session.value?.principal?.name} hidden readOnly />
        <Field label="Password now" name="old" type="password" autocomplete="current-password" required />
        <Field label="New password" name="password" type="password" autocomplete="new-password" required minLength={SHORTEST} />
        <Field label="New password again" name="again" type="password" autocomplete="new-password" required />
      </Form>
    </section>
  );
}

/** Who is signed in; for administrators everybody else as well. */
export function Account() {
  const action = useAction();
  const principal = session.value?.principal;
  if (session.value?.auth === false)
    return <p class="waiting">There is no sign-in here: everybody on this machine may do everything.</p>;
  if (principal == null) return null;
  const sites = principal.sites === null ? "every site" : principal.sites.join(", ");
  return (
    <div class="account">
      <header>
        <div>
          <h1>{principal.name}</h1>
          <p class="quiet">
            {principal.role}, {sites}
          </p>
        </div>
        <button type="button" class="plain" disabled={action.busy}
          onClick={() => void action.run(async () => { await signOut(); forgetAll(); })}>
          Sign out
        </button>
        <span role="alert" class="error">{action.error}</span>
      </header>
      <Password />
      {may("admin") && <Tokens />}
      {may("admin") && <Users />}
      {may("admin") && <Invitations />}
      {may("admin") && <Audit />}
    </div>
  );
}
