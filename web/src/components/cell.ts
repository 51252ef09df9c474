import { devices } from "../api";
import type { Cell } from "../devices";

/** The cell of a device, as long as it is known. */
export function useCell(id: string): Cell | undefined {
  void devices.order.value;
  return devices.get(id);
}
