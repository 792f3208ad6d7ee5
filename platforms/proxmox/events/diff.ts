/** What has changed from one look at the cluster to the next, as events. */
import type { PlatformEvent } from '../../platform.ts';
import { sidOf, wordOf } from '../api/guest-calls.ts';
import { memberId, ofNamespace, type Process, type Processes } from '../state/members.ts';
import { markOf } from '../state/tags.ts';
import { isThere, type View, type ViewNode } from '../state/view.ts';

export interface Look {
  view: View;
  /** As `processesOf` gives them. */
  processes: Processes;
  /** When it began, by performance.now(): what the next one shows was not so yet. */
  at: number;
}

type Event = Omit<PlatformEvent, 'wall' | 'unseenFor'>;

/** An event, and when it was last known not to have happened, by performance.now(). */
export interface Change extends Event {
  since: number;
}
type Guest = ReturnType<typeof ofNamespace>[number];

/** A guest as it was when it was last listed, which it may not be for a moment. */
interface Known {
  guest: Guest;
  ha: string | undefined;
  listed: number;
  /** As its own node said last. */
  process: Process | 'none';
  /** When that was, or when it was not there yet, by performance.now(); NEVER for one that was there before anybody told of its process. */
  told: number;
}

const NEVER = Number.NEGATIVE_INFINITY;
/** Uptimes are whole seconds, and told a moment later than asked, ms. */
const UPTIME_ERROR = 2_000;

/** Tells events from look to look; the first look is the state before, and tells nothing. */
export class Differ {
  readonly #namespace: string;
  #before: Look | undefined;
  readonly #known = new Map<number, Known>();
  /** Nodes that were lost, and what their LRM had last written then. */
  readonly #lost = new Map<string, number>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Each with when it was last known not to be so: further back than the last look where that did not show it. */
  next(look: Look): Change[] {
    const before = this.#before;
    this.#before = look;
    const guests = this.#guests(look, before);
    if (!before) {
      for (const node of look.view.nodes) if (!isThere(node)) this.#lost.set(node.name, writtenBy(node));
      return [];
    }
    const since = before.at;
    return [
      ...[...this.#nodes(look.view, before.view), ...leader(look.view, before.view)].map((event) => ({
        ...event,
        since,
      })),
      ...guests,
    ];
  }

  #nodes({ nodes }: View, before: View): Event[] {
    const known = new Map(before.nodes.map((node) => [node.name, node]));
    return nodes.flatMap((node): Event[] => {
      const was = known.get(node.name);
      const { name } = node;
      const events: Event[] = [];
      if (was && was.ha !== node.ha) {
        events.push({
          kind: 'other',
          text: `node ${name}: the CRM calls it ${node.ha ?? 'nothing'}, before ${was.ha ?? 'nothing'}`,
          node: name,
        });
      }
      if (was && was.lrm?.state !== node.lrm?.state) {
        events.push({ kind: 'other', text: `LRM of ${name}: ${was.lrm?.state} → ${node.lrm?.state}`, node: name });
      }
      const isLost = this.#lost.has(name);
      if (!isThere(node) && !isLost) {
        this.#lost.set(name, writtenBy(node));
        events.push({
          kind: 'node-down',
          text: `node ${name}: ${node.online ? `the CRM calls it ${node.ha}` : 'has left the cluster'}`,
          node: name,
        });
      } else if (isLost && isThere(node) && writtenBy(node) > this.#lost.get(name)!) {
        // In the cluster again is not enough: its first words are those from before.
        this.#lost.delete(name);
        events.push({
          kind: 'node-ready',
          text: `node ${name}: in the cluster again, and its LRM has written since`,
          node: name,
        });
      }
      return events;
    });
  }

  #guests(look: Look, before: Look | undefined): Change[] {
    return ofNamespace(this.#namespace, look.view).flatMap((guest): Change[] => {
      const { kind, vmid, node } = guest;
      const was = this.#known.get(vmid);
      const isMoved = was !== undefined && was.guest.node !== node;
      const told = look.processes.get(vmid) ?? 'unknown';
      const ha = look.view.services[sidOf(guest)]?.state;
      this.#known.set(vmid, {
        guest,
        ha,
        listed: look.at,
        process: told !== 'unknown' ? told : isMoved ? 'none' : (was?.process ?? 'none'),
        told: told !== 'unknown' ? look.at : (was?.told ?? before?.at ?? NEVER),
      });
      if (!before) return [];
      const services = markOf(guest.tags)?.services ?? [];
      return services.flatMap((service) => {
        const whose = services.length > 1 ? `, ${service}` : '';
        const label = `${wordOf(kind)} ${vmid} (${guest.name ?? ''}) on ${node}${whose}`;
        return [
          ...listed({ guest, ha, was, pid: pidOf(told), label, since: was?.listed ?? before.at }),
          ...lived({ guest, told, was, isMoved, at: look.at, label, since: was?.told ?? before.at }),
        ].map((change) => ({ ...change, node, service }));
      });
    });
  }
}

const pidOf = (told: Process | 'none' | 'unknown' | undefined) => (typeof told === 'object' ? told.pid : 0);

/** What the cluster's lists say of it. */
function listed(of: {
  guest: Guest;
  ha: string | undefined;
  was: Known | undefined;
  pid: number;
  label: string;
  since: number;
}): Change[] {
  const { guest, ha, was, label, since } = of;
  if (!was) return [];
  const member = memberId({ ...guest, pid: of.pid });
  const events: Change[] = [];
  if (ha !== was.ha) {
    const kind = ha === 'error' ? 'member-failed' : 'other';
    events.push({ kind, text: `${label}: HA ${was.ha ?? 'nothing'} → ${ha ?? 'nothing'}`, member, since });
  }
  if (guest.node !== was.guest.node) {
    events.push({ kind: 'member-scheduled', text: `${label}: moved here from ${was.guest.node}`, member, since });
  }
  return events;
}

/** What its own node says of it. */
function lived(of: {
  guest: Guest;
  told: Process | 'none' | 'unknown';
  was: Known | undefined;
  isMoved: boolean;
  at: number;
  label: string;
  since: number;
}): Change[] {
  const { guest, told, was, isMoved, label } = of;
  const process = guest.kind === 'lxc' ? 'init' : 'QEMU';
  if (told === 'unknown' || of.since === NEVER) return [];
  if (told === 'none') {
    const pid = pidOf(was?.process);
    if (pid === 0 || isMoved) return [];
    const member = memberId({ ...guest, pid });
    return [{ kind: 'member-stopped', text: `${label}: its ${process} has ended`, member, since: of.since }];
  }
  if (!isMoved && isSame(told, was, of.at)) return [];
  const member = memberId({ ...guest, pid: told.pid });
  // What its former node said last may be minutes old, and from before that node died: how long it runs says more.
  const since = Math.max(of.since, earliestStart(told, of.at));
  return [
    { kind: 'member-scheduled', text: `${label}: ${process} is started`, member, since },
    { kind: 'member-started', text: `${label}: ${process} runs (process ${told.pid})`, member, since },
    { kind: 'member-ready', text: `${label}: runs`, member, since },
  ];
}

/** A node that has booted again counts its processes from the beginning: one of the same number may be another. */
function isSame(told: Process, was: Known | undefined, at: number): boolean {
  return told.pid === pidOf(was?.process) && earliestStart(told, at) <= was!.told;
}

/** By performance.now(). @param at when its node was asked */
const earliestStart = ({ uptime }: Process, at: number) => at - uptime * 1000 - UPTIME_ERROR;

function leader({ master }: View, before: View): Event[] {
  if (master === undefined || before.master === undefined || master === before.master) return [];
  return [{ kind: 'leader-changed', text: `the CRM's master: ${before.master} → ${master}`, node: master }];
}

/** Epoch s, by the node's own clock. */
const writtenBy = (node: ViewNode) => node.lrm?.timestamp ?? 0;
