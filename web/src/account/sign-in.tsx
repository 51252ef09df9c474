import { connect } from "../api";
import { useAction } from "../components/action";
import { Field, Form } from "../components/form";
import { session, signIn } from "../session";

export function SignIn() {
  const action = useAction();
  const oidc = session.value?.oidc ?? null;
  async function send(field: (name: string) => string): Promise<void> {
    await signIn(field("name"), field("password"));
    void connect();
  }
  return (
    <section class="gate">
      <h1>Sign in</h1>
      <Form action={action} button="Sign in" onSend={send}>
        <Field label="Name" name="name" autocomplete="username" required />
        <Field label="Password" name="password" type="password" autocomplete="current-password" required />
      </Form>
      {oidc !== null && (
        <p class="other">
          <a class="primary" href="./api/v1/oidc/start">
            {oidc}
          </a>
        </p>
      )}
      <p class="hint">No account? Someone who is an administrator here can make you a link.</p>
    </section>
  );
}
