/** What has changed from one look at the cluster to the next, as events. */
import type { PlatformEvent } from '../../platform.ts';
import { sidOf, wordOf } from '../api/guest-calls.ts';
import { memberId, ofNamespace, type Processes } from '../state/members.ts';
import { markOf } from '../state/tags.ts';
import { isThere, type View, type ViewNode } from '../state/view.ts';

export interface Look {
  view: View;
  /** As `processesOf` gives them. */
  processes: Processes;
}

type Event = Omit<PlatformEvent, 'since' | 'wall'>;

/** Tells events from look to look; the first look is the state before, and tells nothing. */
export class Differ {
  readonly #namespace: string;
  #before: Look | undefined;
  /** As they were when their nodes last told: one that does not answer gives no news of its guests. */
  #processes = new Map<number, number>();
  /** Nodes that were lost, and what their LRM had last written then. */
  readonly #lost = new Map<string, number>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  next(look: Look): Event[] {
    const before = this.#before;
    const processesBefore = this.#processes;
    this.#before = look;
    this.#processes = known(look.processes, processesBefore);
    if (!before) {
      for (const node of look.view.nodes) if (!isThere(node)) this.#lost.set(node.name, writtenBy(node));
      return [];
    }
    return [
      ...this.#nodes(look.view, before.view),
      ...leader(look.view, before.view),
      ...this.#guests(look, before, processesBefore),
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

  #guests(look: Look, before: Look, processesBefore: ReadonlyMap<number, number>): Event[] {
    const known = new Map(ofNamespace(this.#namespace, before.view).map((guest) => [guest.vmid, guest]));
    return ofNamespace(this.#namespace, look.view).flatMap((guest): Event[] => {
      const { kind, vmid, node } = guest;
      const was = known.get(vmid);
      const [pid = 0, pidBefore = 0] = [this.#processes.get(vmid), processesBefore.get(vmid)];
      const [ha, haBefore] = [look, before].map(({ view }) => view.services[sidOf(guest)]?.state);
      const process = kind === 'lxc' ? 'init' : 'QEMU';
      const label = `${wordOf(kind)} ${vmid} (${guest.name ?? ''}) on ${node}`;
      const isMoved = was !== undefined && was.node !== node;
      const nodeThere = look.view.nodes.find(({ name }) => name === node);
      const changes: (Omit<Event, 'text'> & { text: string })[] = [];
      if (ha !== haBefore && was) {
        changes.push({
          kind: ha === 'error' ? 'member-failed' : 'other',
          text: `${label}: HA ${haBefore ?? 'nothing'} → ${ha ?? 'nothing'}`,
          member: memberId({ kind, vmid, pid }),
        });
      }
      if (pidBefore !== 0 && pid === 0 && !isMoved) {
        // Of a node that is away nobody knows; it is not news of the guest.
        if (isThere(nodeThere)) {
          changes.push({
            kind: 'member-stopped',
            text: `${label}: its ${process} has ended`,
            member: memberId({ kind, vmid, pid: pidBefore }),
          });
        }
      }
      if (isMoved) {
        changes.push({
          kind: 'member-scheduled',
          text: `${label}: moved here from ${was.node}`,
          member: memberId({ kind, vmid, pid }),
        });
      }
      if (pid !== 0 && (pid !== pidBefore || isMoved) && (was !== undefined || pidBefore === 0)) {
        const member = memberId({ kind, vmid, pid });
        changes.push({ kind: 'member-scheduled', text: `${label}: ${process} is started`, member });
        changes.push({ kind: 'member-started', text: `${label}: ${process} runs (process ${pid})`, member });
        changes.push({ kind: 'member-ready', text: `${label}: runs`, member });
      }
      const services = markOf(guest.tags)?.services ?? [];
      return services.flatMap((service) => changes.map((change) => ({ ...change, node, service })));
    });
  }
}

function known(told: Processes, before: ReadonlyMap<number, number>): Map<number, number> {
  return new Map(
    [...told].flatMap(([vmid, pid]) => {
      const last = pid === 'unknown' ? before.get(vmid) : pid;
      return last === undefined ? [] : [[vmid, last] as const];
    }),
  );
}

function leader({ master }: View, before: View): Event[] {
  if (master === undefined || before.master === undefined || master === before.master) return [];
  return [{ kind: 'leader-changed', text: `the CRM's master: ${before.master} → ${master}`, node: master }];
}

/** Epoch s, by the node's own clock. */
const writtenBy = (node: ViewNode) => node.lrm?.timestamp ?? 0;
