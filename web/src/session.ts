// Who is signed in, and what they may do.

import { computed, signal } from "@preact/signals";
import { ApiError, call } from "./rest";
import type { Role, Session } from "./access";

const OPEN: Session = { auth: false, principal: { name: "local", role: "admin", sites: null }, oidc: null, version: "" };
const RANKS: Record<Role, number> = { anybody: 0, viewer: 1, operator: 2, admin: 3 };

/** Null until the server has said. */
export const session = signal<Session | null>(null);
export const mustSignIn = computed(() => session.value !== null && session.value.auth && session.value.principal === null);

export function may(role: Role): boolean {
  const principal = session.value?.principal;
  return principal != null && RANKS[principal.role] >= RANKS[role];
}

/** Whether the server answered; one without sign-in lets everybody do everything. */
export async function refreshSession(): Promise<boolean> {
  try {
    session.value = await call<Session>("GET", "session");
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) return false;
    session.value = OPEN;
    return true;
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  session.value = await call<Session>("POST", "session", { name, password });
}

export async function accept(token: string, name: string, password: string): Promise<void> {
  await call("POST", "invitations/accept", { token, name, password });
  await refreshSession();
  if (mustSignIn.value) await signIn(name, password);
}

export async function signOut(): Promise<void> {
  await call("DELETE", "session");
  await refreshSession();
}

export async function changePassword(old: string, chosen: string): Promise<void> {
  await call("PUT", "session/password", { old, new: chosen });
  await refreshSession();
}
