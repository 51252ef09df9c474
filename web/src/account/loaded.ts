import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { type Action, useAction } from "../components/action";
import { call } from "../rest";

const changes = signal(0);

/** Something was changed here, which any of the lists may show. */
export function changed(): void {
  changes.value += 1;
}

/** What a path answers, asked again after every change. */
export function useLoaded<T>(path: string): { answer: T | null; action: Action } {
  const [answer, setAnswer] = useState<T | null>(null);
  const action = useAction();
  useEffect(() => {
    void action.run(async () => setAnswer(await call<T>("GET", path)));
  }, [path, changes.value]);
  return { answer, action };
}
