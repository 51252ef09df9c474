// Calls of the REST API. What goes wrong is an ApiError whose message can be shown to people.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const PATIENCE = 20_000; // ms

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

function words(status: number, body: unknown): string {
  const { detail, title } = (body ?? {}) as { detail?: unknown; title?: unknown };
  if (typeof detail === "string" && detail !== "") return detail;
  return typeof title === "string" ? title : `Headway answered with status ${status}; try again.`;
}

export async function call<T>(method: Method, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`./api/v1/${path}`, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });
  } catch {
    throw new ApiError(0, "Headway cannot be reached; try again when the connection is back.");
  }
  const text = await response.text();
  const answer = parsed(text);
  if (!response.ok) throw new ApiError(response.status, words(response.status, answer));
  return answer as T;
}

function parsed(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
