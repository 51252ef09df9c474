import { brokerLost, known, link, refusal } from "../api";

/** Why numbers do not move, as long as they do not. */
export function Notice() {
  if (link.value !== "connected" && refusal.value !== null) return <p class="notice">Headway does not let this page listen: {refusal.value}</p>;
  if (known.value && link.value === "lost")
    return <p class="notice">The connection to Headway is lost; trying again. Each number below goes stale as it ages.</p>;
  if (known.value && brokerLost.value)
    return <p class="notice">Headway has lost its message broker; no new numbers arrive until it is back.</p>;
  return null;
}
