import { useState } from "preact/hooks";
import { ApiError } from "../rest";
import { refreshSession } from "../session";

export interface Action {
  readonly busy: boolean;
  /** What went wrong, to be shown. */
  readonly error: string | null;
  readonly done: boolean;
  run(what: () => Promise<unknown>): Promise<boolean>;
}

/** Something that takes its time and may fail: one at a time. */
export function useAction(): Action {
  const [state, setState] = useState<{ busy: boolean; error: string | null; done: boolean }>({
    busy: false,
    error: null,
    done: false,
  });
  async function run(what: () => Promise<unknown>): Promise<boolean> {
    setState({ busy: true, error: null, done: false });
    try {
      await what();
      setState({ busy: false, error: null, done: true });
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setState({ busy: false, error: error.message, done: false });
      if (error.status === 401) void refreshSession();
      return false;
    }
  }
  return { ...state, run };
}
