import type { PlatformEvent } from '../../platform.ts';
import { conditionOf, isTrue, type Pod } from '../api/objects.ts';
import { complaintOf, isKept, livesOf, mainStatus, memberId, serviceOf, shortUid } from '../state/members.ts';
import { type EventSource, type Tell, wallOf } from './event.ts';

interface Known {
  uid: string;
  id: string;
  life: number;
  service: string | undefined;
  node: string | undefined;
  running: boolean;
  ready: boolean;
  stopping: boolean;
  ended: boolean;
}

/** What becomes of a namespace's pods, as the life of members. */
export class MemberEvents implements EventSource<Pod> {
  readonly #tell: Tell;
  readonly #known = new Map<string, Known>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  seen(pod: Pod, { first, late }: { first: boolean; late: boolean }): void {
    if (!isKept(pod)) {
      this.gone(pod.metadata.name);
      return;
    }
    const now = knownOf(pod);
    const { name } = pod.metadata;
    let before = this.#known.get(name);
    this.#known.set(name, now);
    if (first) return;
    // A StatefulSet's new pod has the old one's name; that the old one went may have been missed.
    if (before && before.uid !== now.uid) {
      this.#stopped(before, name);
      before = undefined;
    }
    const events = (kind: PlatformEvent['kind'], text: string, stamp?: string) => {
      const where = now.node === undefined ? 'no node yet' : now.node;
      this.#tell({ kind, text: `${name} on ${where}: ${text}`, ...subject(now), ...wallOf(stamp, late) });
    };
    const main = mainStatus(pod);
    if (before && now.life > before.life) {
      const { terminated } = main?.lastState ?? {};
      const why = terminated ? `${terminated.reason ?? 'ended'}, exit ${terminated.exitCode}` : 'ended';
      const old = { ...now, id: before.id };
      if (!before.ended) {
        const text = `${name} on ${now.node}: its container ${why}`;
        this.#tell({ kind: 'member-failed', text, ...subject(old), ...wallOf(terminated?.finishedAt, late) });
      }
      events('member-scheduled', 'its container is started again in place');
      before = undefined;
    } else if (now.node !== undefined && before?.node === undefined) {
      events('member-scheduled', 'scheduled', conditionOf(pod, 'PodScheduled')?.lastTransitionTime);
    } else if (!before) {
      events('other', 'created', pod.metadata.creationTimestamp);
    }
    if (now.running && !before?.running) events('member-started', 'started', main?.state?.running?.startedAt);
    if (now.ready && !before?.ready) events('member-ready', 'ready', conditionOf(pod, 'Ready')?.lastTransitionTime);
    if (!now.ready && before?.ready && !now.stopping && !now.ended) events('other', 'not ready any more');
    if (now.stopping && !before?.stopping) events('other', `told to stop${disruption(pod)}`);
    if (now.ended && !before?.ended) {
      const good = pod.status.phase === 'Succeeded' || main?.state?.terminated?.exitCode === 0 || now.stopping;
      const stamp = main?.state?.terminated?.finishedAt;
      events(good ? 'member-stopped' : 'member-failed', `ended (${complaintOf(pod) ?? pod.status.phase})`, stamp);
    }
  }

  gone(name: string): void {
    const known = this.#known.get(name);
    if (!this.#known.delete(name) || !known) return;
    this.#stopped(known, name);
  }

  #stopped(known: Known, name: string): void {
    if (known.ended) return;
    this.#tell({ kind: 'member-stopped', text: `${name} on ${known.node ?? 'no node'}: removed`, ...subject(known) });
  }
}

function knownOf(pod: Pod): Known {
  const state = mainStatus(pod)?.state;
  const { phase } = pod.status;
  return {
    uid: shortUid(pod),
    id: memberId(pod),
    life: livesOf(pod),
    service: serviceOf(pod),
    node: pod.spec.nodeName,
    running: state?.running !== undefined,
    ready: isTrue(pod, 'Ready'),
    stopping: pod.metadata.deletionTimestamp !== undefined,
    ended: phase === 'Succeeded' || phase === 'Failed' || state?.terminated !== undefined,
  };
}

function subject({ id, service, node }: Known): Pick<PlatformEvent, 'member' | 'service' | 'node'> {
  return { member: id, ...(service === undefined ? {} : { service }), ...(node === undefined ? {} : { node }) };
}

/** Who wanted it away, where the API says so: ` (EvictionByEvictionAPI)`. */
function disruption(pod: Pod): string {
  const { status, reason } = conditionOf(pod, 'DisruptionTarget') ?? {};
  return status === 'True' ? ` (${reason})` : '';
}
