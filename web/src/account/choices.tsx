import { useId } from "preact/hooks";
import { devices } from "../api";
import { Field } from "../components/form";
import { placesOf } from "../wall/arranged";
import type { RoleWord } from "../wire";

const DAY = 86_400;
export const ROLES: readonly (readonly [RoleWord, string])[] = [
  ["viewer", "Viewer: looks"],
  ["operator", "Operator: sets what cameras do"],
  ["admin", "Administrator: lets others in"],
];

export function Choice({ label, name, options }: { label: string; name: string; options: readonly (readonly [string, string])[] }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={name} class="choice">
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

export function RoleChoice() {
  return <Choice label="Role" name="role" options={ROLES} />;
}

export function SitesField() {
  const known = placesOf(devices.order.value, "site").join(", ");
  const hint = known === "" ? "Empty: all of them." : `Empty: all of them. Several with commas; there are ${known}.`;
  return <Field label="Sites" name="sites" hint={hint} />;
}

/** As the server takes them: null is every site. */
export function sitesOf(text: string): string[] | null {
  const sites = text.split(",").map((site) => site.trim()).filter(Boolean);
  return sites.length === 0 ? null : sites;
}

export function sitesText(sites: readonly string[] | null): string {
  return sites === null ? "every site" : sites.join(", ");
}

export const LASTING: readonly (readonly [string, string])[] = [
  [String(90 * DAY), "90 days"],
  [String(365 * DAY), "A year"],
  ["", "Until it is revoked"],
];
