/** What the handlers of calls work with. */

import { sleep } from '../../../units/sleep.ts';
import { configPath } from '../config/guest-files.ts';
import { digestOf } from '../config/sections.ts';
import { type ConfigFile, parseFile } from '../guests/config.ts';
import type { GuestConfig } from '../node/parts.ts';
import type { Broadcast } from './broadcast.ts';
import type { Params } from './check.ts';
import type { Parts } from './parts.ts';
import { failed, Refusal } from './refusal.ts';
import type { Rights } from './rights.ts';
import type { Tasks } from './tasks.ts';
import type { Caller, Tickets } from './tickets.ts';

export interface World extends Parts {
  node: string;
  tasks: Tasks;
  tickets: Tickets;
  rights: Rights;
  broadcast: Broadcast;
}

export interface Request {
  world: World;
  params: Params;
  caller: Caller;
}

/** Carries a call out. Throws Refusal, or any Error: 500 with its message. */
export type Handler = (request: Request) => Promise<unknown>;
/** By method and template. */
export type Handlers = Record<string, Handler>;

/** Part of a list, and how long that is: the answer says both. */
export class Page {
  readonly data: unknown[];
  readonly total: number;

  constructor(data: unknown[], total: number) {
    this.data = data;
    this.total = total;
  }
}

/** Seconds that a change waits for a majority before it is refused. */
const LOCK_PATIENCE = 10;

/** Parameters, as texts. */
export function text(params: Params, name: string): string | undefined {
  const value = params[name];
  return value === undefined ? undefined : String(value);
}

/** Waits for a majority, as a lock of the cluster does. Throws Refusal 500. @param log hears of each try */
export async function underLock<T>(
  { membership }: World,
  name: string,
  work: () => Promise<T>,
  { context = '', log }: { context?: string; log?: (line: string) => void } = {},
): Promise<T> {
  for (let waited = 0; !membership.quorate(); waited += 1) {
    if (waited === LOCK_PATIENCE) throw failed(`${context}cfs-lock '${name}' error: no quorum!`);
    log?.(`trying to acquire cfs lock '${name}' ...`);
    await sleep(1000);
  }
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal && error.status === 500 && context !== '') throw failed(`${context}${error.message}`);
    throw error;
  }
}

/** Throws Refusal 500 where there is no such guest on the node. */
export async function readGuest(
  { files }: Parts,
  node: string,
  vmid: number,
  kind: 'vm' | 'ct' = 'vm',
): Promise<ConfigFile & { text: string }> {
  const path = configPath(node, vmid, kind);
  const content = await files.read(path);
  if (content === undefined) throw failed(`Configuration file '${path}' does not exist`);
  return { ...parseFile(content), text: content };
}

/** Throws Refusal 500 for a file that is not the one that the caller has seen. */
export function checkDigest({ digest }: Params, content: string): void {
  if (digest !== undefined && digest !== digestOf(content))
    throw failed('detected modified configuration - file changed by other user? Try again.');
}

/** Throws Refusal 500. */
export function checkUnlocked(config: GuestConfig, kind: 'VM' | 'CT' = 'VM'): void {
  if (config.lock !== undefined) throw failed(`${kind} is locked (${config.lock})`);
}

export const sidOf = (vmid: number) => `vm:${vmid}`;

export async function isHaManaged({ ha }: Parts, vmid: number): Promise<boolean> {
  const service = (await ha.services())[sidOf(vmid)];
  return service !== undefined && service.state !== 'ignored';
}
