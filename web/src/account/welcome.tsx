import { connect } from "../api";
import { useAction } from "../components/action";
import { Field, Form } from "../components/form";
import { ApiError } from "../rest";
import { hrefs, replaceWith } from "../route";
import { accept } from "../session";

export const SHORTEST = 12;

/** Both fields of a new password, or why they will not do. */
export function chosenPassword(field: (name: string) => string): string {
  if (field("password") !== field("again")) throw new ApiError(0, "The two passwords differ; type the same one twice.");
  return field("password");
}

/** Behind a one-time link: its holder becomes a user. */
export function Welcome({ token }: { token: string }) {
  const action = useAction();
  async function send(field: (name: string) => string): Promise<void> {
    await accept(token, field("name"), chosenPassword(field));
    replaceWith(hrefs.wall);
    void connect();
  }
  return (
    <section class="gate">
      <h1>Welcome to Headway</h1>
      <p>Choose a name and a password. This link works once.</p>
      <Form action={action} button="Create my account" onSend={send}>
        <Field label="Name" name="name" autocomplete="username" maxLength={64} hint="Leave it empty if your link is for a new password." />
        <Field label="Password" name="password" type="password" autocomplete="new-password" required minLength={SHORTEST}
          hint={`At least ${SHORTEST} characters; a sentence is good.`} />
        <Field label="Password again" name="again" type="password" autocomplete="new-password" required />
      </Form>
    </section>
  );
}
