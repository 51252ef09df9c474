import { devices, now } from "../api";
import { type Total, totalOf } from "../total";
import { plural } from "../words";

function counted(ids: readonly string[]): Total {
  const cells = ids.map((id) => devices.get(id)).filter((cell) => cell !== undefined);
  return totalOf(cells.map((cell) => ({ state: cell.state.peek(), count: cell.seen.peek().device.count })));
}

/** The sum of one section, in words. */
export function SectionSum({ ids }: { ids: readonly string[] }) {
  void now.value;
  const { people, counted: live, left } = counted(ids);
  const sum = live === 0 ? "no live camera" : `${plural(people, "person", "people")} on ${plural(live, "live camera", "live cameras")}`;
  return <p>{left === 0 ? sum : `${sum}, ${left} not counted`}</p>;
}
