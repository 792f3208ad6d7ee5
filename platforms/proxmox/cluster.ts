import type { Cluster } from '../cluster.ts';

export interface ProxmoxCluster extends Cluster {
  reach: ProxmoxReach;
  ssh: ProxmoxSsh | undefined;
  /** Where guests come from; undefined where none can be deployed. */
  from: GuestSource | undefined;
  /** Of the guests' disks. */
  storage: string | undefined;
  bridge: string;
  vlan: number | undefined;
  /** Numbers that the suite may give to guests. */
  vmids: VmidSpan;
  /** Undefined: by DHCP. */
  addresses: AddressSpan | undefined;
  gateway: string | undefined;
}

/** A template to clone, an image to start from, or guests that are there already, by service. */
export type GuestSource = { template: number } | { image: string } | { guests: Record<string, number[]> };

/** Both ends belong to it. */
export interface VmidSpan {
  first: number;
  last: number;
}

export interface AddressSpan {
  all: string[];
  /** Length of the network. */
  prefix: number;
}

/** A shell on the nodes. */
export interface ProxmoxSsh {
  user: string;
  port: number;
  key: string | undefined;
  knownHosts: string | undefined;
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
