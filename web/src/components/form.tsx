import { type ComponentChildren, type InputHTMLAttributes } from "preact";
import { useId } from "preact/hooks";
import type { Action } from "./action";

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly type?: "text" | "password" | "number";
  readonly autocomplete?: string;
  readonly value?: string;
  readonly hint?: ComponentChildren;
  readonly required?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly list?: readonly string[];
}

export function Field({ label, name, type = "text", value, hint, list, autocomplete = "off", ...rules }: FieldProps) {
  const id = useId();
  const input = {
    id,
    name,
    type,
    autocomplete,
    step: "any",
    ...rules,
    ...(value === undefined ? {} : { defaultValue: value }),
    ...(hint === undefined ? {} : { "aria-describedby": `${id}-hint` }),
    ...(list === undefined ? {} : { list: `${id}-list` }),
  } as InputHTMLAttributes<HTMLInputElement>;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input {...input} />
      {list !== undefined && (
        <datalist id={`${id}-list`}>
          {list.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface FormProps {
  readonly action: Action;
  readonly button: string;
  readonly done?: string;
  readonly onSend: (fields: (name: string) => string) => Promise<unknown>;
  readonly children: ComponentChildren;
}

/** A form that says what went wrong beside its button. */
export function Form({ action, button, done, onSend, children }: FormProps) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const data = new FormData(event.currentTarget);
        void action.run(() => onSend((name) => String(data.get(name) ?? "")));
      }}
    >
      {children}
      <p class="send">
        <button type="submit" class="primary" disabled={action.busy}>
          {button}
        </button>
        <span role="alert" class="error">
          {action.error}
        </span>
        <span role="status">{action.done && done}</span>
      </p>
    </form>
  );
}
