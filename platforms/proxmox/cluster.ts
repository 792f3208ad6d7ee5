import type { Cluster } from '../cluster.ts';

export interface ProxmoxCluster extends Cluster {
  reach: ProxmoxReach;
}

/** Several nodes of one cluster, any of which may be asked. */
export interface ProxmoxReach {
  /** Origins: `https://pve1.example.org:8006`. */
  endpoints: string[];
  login: ProxmoxLogin;
  /** How an endpoint proves who it is. */
  trust: ProxmoxTrust;
}

/** An API token (`user@realm!name`), or a user. Secrets are references. */
export type ProxmoxLogin = { token: string; secret: string } | { user: string; password: string };

/**
 * The SHA-256 fingerprints of certificates, any of which an endpoint may show; or a file with the authority that signed them;
 * or, with neither, an authority that this computer trusts anyway.
 */
export type ProxmoxTrust = { fingerprints: string[] } | { ca: string | undefined };
