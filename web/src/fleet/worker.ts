// What `GET /api/v1/workers` says of each.

export interface Worker {
  readonly worker: string;
  readonly state: "online" | "offline";
  readonly flow: string;
  readonly load: number;
  readonly shed: number;
  readonly model: string | null;
  readonly provider: string | null;
  readonly seen: number | null;
}
