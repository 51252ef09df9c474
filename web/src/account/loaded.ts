import { useEffect, useState } from "preact/hooks";
import { type Action, useAction } from "../components/action";
import { call } from "../rest";

/** What a path answers, and a way to ask again. */
export function useLoaded<T>(path: string): { answer: T | null; action: Action; reload: () => Promise<void> } {
  const [answer, setAnswer] = useState<T | null>(null);
  const action = useAction();
  const reload = async (): Promise<void> => setAnswer(await call<T>("GET", path));
  useEffect(() => {
    void action.run(reload);
  }, [path]);
  return { answer, action, reload };
}
