/** Guests as members. Whether one runs is asked of its own node: of a dead node's guest the cluster says `running` for ever. */
import type { Member, MemberCondition } from '../../platform.ts';
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';
import { type GuestKind, guestsOn, kindOf, sidOf, statusOf } from '../api/guest-calls.ts';
import { markOf } from './tags.ts';
import { isThere, type View, type ViewNode } from './view.ts';

/** A member is one life of a guest, from its process's start to its end: number and process. */
export interface GuestId {
  kind: GuestKind;
  vmid: number;
  /** 0 while it has none that is known. */
  pid: number;
}

/** Without a process that is known it is no life, and its id no member's: `7001/-`. */
export const memberId = ({ kind, vmid, pid }: GuestId) => `${kind === 'lxc' ? 'ct:' : ''}${vmid}/${pid || '-'}`;

/** Undefined for what is none. */
export function parseMember(id: string): GuestId | undefined {
  const [, ct, vmid, pid] = /^(ct:)?([1-9]\d{2,8})\/([1-9]\d{0,8})$/.exec(id) ?? [];
  return vmid === undefined
    ? undefined
    : { kind: ct === undefined ? 'qemu' : 'lxc', vmid: Number(vmid), pid: Number(pid) };
}

const NODE_TIMEOUT = 4_000;
/** In these seconds a node that has just died is still a member: whoever waits for it sees nothing else of the cluster. */
const PROCESSES_TIMEOUT = 1_500;

export interface Process {
  pid: number;
  /** Whole seconds, by the node's own clock; Infinity where it does not tell. */
  uptime: number;
}

/** A guest's process; none: it has none, by its own node's word. */
export type Processes = ReadonlyMap<number, Process | 'none' | 'unknown'>;

/** Processes by guest, by the word of the nodes that run any of these; where a node is away, does not answer or does not know one, unknown. */
export async function processesOf(
  api: Api,
  { guests, nodes, endpoint }: Pick<View, 'guests' | 'nodes' | 'endpoint'>,
): Promise<Processes> {
  const there = new Set(nodes.filter(isThere).map(({ name }) => name));
  const asked = (['qemu', 'lxc'] as const).flatMap((kind) => {
    const nodes = new Set(guests.filter(({ type }) => type === kind).map(({ node }) => node));
    return [...nodes].filter((node) => there.has(node)).map((node) => ({ node, kind }));
  });
  const answers = await Promise.all(
    asked.map(async ({ node, kind }) => {
      try {
        const rows = await guestsOn(api, { node, kind }, { endpoint, patience: 0, timeout: PROCESSES_TIMEOUT });
        return rows.map((row) => ({ ...row, node }));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return [];
      }
    }),
  );
  const told = new Map(answers.flat().map((row) => [`${row.node} ${row.vmid}`, row]));
  return new Map(
    guests.map(({ vmid, node }): [number, Process | 'none' | 'unknown'] => {
      const row = told.get(`${node} ${vmid}`);
      // One that its node does not list is on its way to another one.
      if (!row) return [vmid, 'unknown'];
      return [
        vmid,
        row.status === 'running' && row.pid ? { pid: row.pid, uptime: row.uptime ?? Number.POSITIVE_INFINITY } : 'none',
      ];
    }),
  );
}

/** Of one namespace. @param processes as `processesOf` gives them */
export function toMembers(namespace: string, view: View, processes: Processes): Member[] {
  const nodes = new Map(view.nodes.map((node) => [node.name, node]));
  return ofNamespace(namespace, view).flatMap((guest): Member[] => {
    const { vmid, kind } = guest;
    const told = processes.get(vmid);
    const pid = typeof told === 'object' ? told.pid : 0;
    // What its node did not tell in time is not gone for that.
    const mayRun = pid > 0 || (told !== 'none' && guest.status === 'running');
    const state = stateOf(sidOf({ kind, vmid }), { pid, mayRun }, nodes.get(guest.node), view);
    if (state === undefined) return [];
    return markOf(guest.tags)!.services.map((service) => ({
      id: memberId({ kind, vmid, pid }),
      service,
      node: guest.node,
      state,
      ready: state === 'running',
      namespace,
      ...(guest.name === undefined ? {} : { instance: guest.name }),
    }));
  });
}

export function ofNamespace(
  namespace: string,
  { guests }: Pick<View, 'guests'>,
): (View['guests'][number] & { kind: GuestKind })[] {
  return guests.flatMap((guest) => {
    const kind = kindOf(guest.type);
    return kind !== undefined && !guest.template && markOf(guest.tags)?.has(namespace) ? [{ ...guest, kind }] : [];
  });
}

const GOING = ['request_stop', 'relocate'];
const LOST = ['fence', 'recovery', 'error'];

function stateOf(
  sid: string,
  { pid, mayRun }: { pid: number; mayRun: boolean },
  node: ViewNode | undefined,
  { services }: View,
): Member['state'] | undefined {
  const ha = services[sid]?.state;
  // Not even its own node knows more while it is away.
  if (!isThere(node) || LOST.includes(ha ?? '')) return 'failed';
  if (pid === 0) return mayRun || (ha !== undefined && ha !== 'stopped') ? 'starting' : undefined;
  return GOING.includes(ha ?? '') ? 'stopping' : 'running';
}

/** How one is by the word of its own node. */
export async function conditionOf(api: Api, { id, node }: Member): Promise<MemberCondition> {
  const guest = parseMember(id);
  if (!guest) return 'unknown';
  try {
    const asking = { patience: 0, timeout: NODE_TIMEOUT };
    const { status, qmpstatus, pid } = await statusOf(api, { node, ...guest }, asking);
    if (status !== 'running' || pid !== guest.pid) return 'gone';
    return isFrozen(qmpstatus) ? 'frozen' : 'running';
  } catch (error) {
    // It has been moved to another node, or removed.
    return error instanceof ApiError && error.trouble === 'not-there' ? 'gone' : 'unknown';
  }
}

/** QEMU is there and gives the guest no time: it was paused, or it has panicked. */
function isFrozen(qmpstatus: string | undefined): boolean {
  return ['paused', 'suspended', 'guest-panicked', 'internal-error', 'io-error'].includes(qmpstatus ?? '');
}
