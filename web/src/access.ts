// What the routes of sign-in, users and tokens speak.

export type Role = "anybody" | "viewer" | "operator" | "admin";

export interface Principal {
  readonly name: string;
  readonly role: Role;
  readonly sites: readonly string[] | null;
}

export interface Session {
  readonly auth: boolean;
  readonly principal: Principal | null;
  /** What the button of the other way to sign in says. */
  readonly oidc: string | null;
  readonly version: string;
}
