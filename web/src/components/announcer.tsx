import { untracked, useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { known, link, conditions } from "../api";
import { toSay } from "../say";

const PAUSE = 3000; // ms between two announcements

/** Speaks changes of condition and of the connection, politely, a few seconds apart. */
export function Announcer() {
  const [text, setText] = useState("");
  const told = useRef<ReadonlyMap<string, string> | null>(null);
  useSignalEffect(() => {
    if (known.value) told.current ??= untracked(conditions);
  });
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
