import { useRef } from "preact/hooks";
import type { Action } from "../components/action";
import type { Person } from "../wire";

export type Fate = "keep" | "revoke";

interface RemoveProps {
  readonly person: Person;
  readonly action: Action;
  /** What becomes of the tokens that they made, where there are any. */
  readonly onRemove: (tokens: Fate | null) => Promise<void>;
}

/** Asks only where other systems would notice. */
export function Remove({ person, action, onRemove }: RemoveProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { name, tokens } = person;
  function remove(fate: Fate | null): void {
    dialog.current?.close();
    void action.run(() => onRemove(fate));
  }
  return (
    <>
      <button type="button" class="danger" aria-label={`Remove ${name}`} disabled={action.busy}
        onClick={() => (tokens.length === 0 ? remove(null) : dialog.current?.showModal())}>
        Remove
      </button>
      {tokens.length > 0 && (
        <dialog ref={dialog} aria-labelledby={`remove-${name}`}>
          <h2 id={`remove-${name}`}>Remove {name}?</h2>
          <p>
            Other systems may use {tokens.length === 1 ? "a token that" : "tokens that"} {name} made: {tokens.join(", ")}.
          </p>
          <p class="send">
            <button type="button" class="primary" onClick={() => remove("keep")}>
              Remove, keep {tokens.length === 1 ? "it" : "them"} as mine
            </button>
            <button type="button" class="danger" onClick={() => remove("revoke")}>
              Remove, revoke {tokens.length === 1 ? "it" : "them"}
            </button>
            <button type="button" class="plain" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
          </p>
        </dialog>
      )}
    </>
  );
}
