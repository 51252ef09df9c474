import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { devices, known, link } from "../api";
import { nameOf } from "../devices";
import { condition } from "../words";
import { toSay } from "./say";

const PAUSE = 3000; // ms between two announcements

/** The condition of every device now, in words. */
function conditions(): Map<string, string> {
  const cells = devices.order.peek();
  return new Map(
    cells.map((cell) => {
      const { device } = cell.seen.peek();
      return [nameOf(device), condition(device, cell.state.peek())];
    }),
  );
}

/** Speaks changes of condition and of the connection, politely, a few seconds apart. */
export function Announcer() {
  const [text, setText] = useState("");
  const told = useRef<ReadonlyMap<string, string> | null>(null);
  const begun = known.value;
  // Before the next message, which may bring the first change to tell.
  useLayoutEffect(() => {
    if (begun) told.current ??= conditions();
  }, [begun]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (told.current === null) return;
      const news = toSay(told.current, conditions());
      told.current = conditions();
      if (news !== "") setText(news);
    }, PAUSE);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="hidden">
      <p role="status">{text}</p>
      <p role="status">{link.value === "lost" ? "Connection lost" : link.value === "connected" ? "Connected" : ""}</p>
    </div>
  );
}
