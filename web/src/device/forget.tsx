import { useRef } from "preact/hooks";
import { useAction } from "../components/action";
import { nameOf } from "../devices";
import { call } from "../rest";
import { go } from "../route";
import { wallAddress } from "../wall/query";
import type { Device } from "../wire";

/** For a camera that is gone for good; one that speaks again comes back. */
export function Forget({ device }: { device: Device }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const action = useAction();
  const name = nameOf(device);
  async function forget(): Promise<void> {
    await call("DELETE", `devices/${encodeURIComponent(device.deviceID)}`);
    dialog.current?.close();
    go(wallAddress.peek());
  }
  return (
    <section class="card">
      <h2>Retire</h2>
      <p class="hint">For a camera that is gone for good. One that speaks again comes back by itself.</p>
      <p class="send">
        <button type="button" class="danger" onClick={() => dialog.current?.showModal()}>
          Forget this camera…
        </button>
      </p>
      <dialog ref={dialog} aria-labelledby="forget">
        <h2 id="forget">Forget {name}?</h2>
        <p>Its last number, its picture and its settings are deleted, here and in the store.</p>
        <p class="send">
          <button type="button" class="danger" disabled={action.busy} onClick={() => void action.run(forget)}>
            Forget
          </button>
          <button type="button" class="plain" onClick={() => dialog.current?.close()}>
            Keep
          </button>
          <span role="alert" class="error">
            {action.error}
          </span>
        </p>
      </dialog>
    </section>
  );
}
