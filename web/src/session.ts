// Who is signed in, and what they may do.

import { computed, signal } from "@preact/signals";
import { ApiError, call } from "./rest";
import type { SessionState, Who } from "./wire";

type Role = Who["role"];

const RANKS: Readonly<Record<Role, number>> = { anybody: 0, viewer: 1, operator: 2, admin: 3 };

/** Null until the server has said. */
export const session = signal<SessionState | null>(null);
export const mustSignIn = computed(() => session.value !== null && session.value.auth && session.value.principal === null);

export function may(role: Role): boolean {
  const principal = session.value?.principal;
  return principal != null && RANKS[principal.role] >= RANKS[role];
}

/** Whether the server answered. */
export async function refreshSession(): Promise<boolean> {
  try {
    session.value = await call<SessionState>("GET", "session");
    return true;
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  session.value = await call<SessionState>("POST", "session", { name, password });
}

export async function accept(token: string, name: string, password: string): Promise<void> {
  session.value = await call<SessionState>("POST", "invitations/accept", { token, name, password });
}

export async function signOut(): Promise<void> {
  await call("DELETE", "session");
  await refreshSession();
}

export async function changePassword(old: string, chosen: string): Promise<void> {
  session.value = await call<SessionState>("PUT", "session/password", { old, new: chosen });
}
