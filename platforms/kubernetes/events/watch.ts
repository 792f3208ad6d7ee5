import { sleep } from '../../../units/sleep.ts';
import type { PlatformEvent } from '../../platform.ts';
import { Queue } from '../../queue.ts';
import type { Api } from '../api/api.ts';
import { type ApiError, NoAccess } from '../api/api-error.ts';
import { type Followed, follow, type Listener, Restart } from '../api/follow.ts';
import {
  ENDPOINT_SLICES,
  EVENTS,
  type KubeNode,
  type KubeObject,
  LEASES,
  type Lease,
  NODES,
  PODS,
  type Pod,
} from '../api/objects.ts';
import { LEADER_LEASE, SYSTEM } from '../state/inspect.ts';
import { type EventSource, ServerClock, type Tell } from './event.ts';
import { MemberEvents } from './member-events.ts';
import { NodeEvents } from './node-events.ts';
import { ApiEvents, type KubeEvent, LeaderEvents, type Slice, SliceEvents } from './other-events.ts';

/**
 * Everything that the control plane says of its nodes and of a namespace, until `signal` aborts: five watches, whatever the
 * size of the cluster, and a look each second whether the control plane answers.
 */
export async function* watchKubernetes(api: Api, namespace: string, signal: AbortSignal): AsyncIterable<PlatformEvent> {
  const queue = new Queue<PlatformEvent>(signal);
  const clock = new ServerClock();
  const tell: Tell = ({ wall, ...event }) =>
    queue.push(wall === undefined ? event : { ...event, wall: wall - clock.ahead });
  const restart = new Restart();
  const watch = <T extends KubeObject>(
    what: Followed,
    make: (tell: Tell) => EventSource<T>,
    unwatched?: PlatformEvent['unwatched'],
  ) => {
    const over = (error: Error) => {
      const text = `${what.resource.plural} are not watched any more: ${error.message}`;
      tell(unwatched === undefined ? { kind: 'other', text } : { kind: 'unwatched', text, unwatched });
    };
    return follow<T>(api, what, listenerOf(make, tell, over), signal, restart).catch(over);
  };
  const place = { namespace };
  const watches = [
    watch<KubeNode>({ resource: NODES }, (events) => new NodeEvents(events), 'nodes'),
    watch<Pod>({ resource: PODS, place }, (events) => new MemberEvents(events), 'members'),
    watch<Slice>({ resource: ENDPOINT_SLICES, place }, (events) => new SliceEvents(events)),
    watch<KubeEvent>({ resource: EVENTS, place }, (events) => new ApiEvents(events)),
    watch<Lease>(
      { resource: LEASES, place: { namespace: SYSTEM }, query: { fieldSelector: `metadata.name=${LEADER_LEASE}` } },
      (events) => new LeaderEvents(events),
      'leader',
    ),
    pulse(api, tell, restart, clock, signal),
  ];
  yield* queue;
  await Promise.all(watches);
}

function listenerOf<T extends KubeObject>(
  make: (tell: Tell) => EventSource<T>,
  tell: Tell,
  refused: (error: ApiError) => void,
): Listener<T> {
  let known: Set<string> | undefined;
  /** What is reported now happened at some time since then, by performance.now(). */
  let since: number | undefined;
  const events = make((event) =>
    tell(since === undefined ? event : { ...event, unseenFor: performance.now() - since }),
  );
  return {
    listed(objects, from) {
      since = from;
      const names = new Set(objects.map(({ metadata }) => metadata.name));
      for (const name of known?.difference(names) ?? []) events.gone(name);
      for (const object of objects) events.seen(object, { first: known === undefined, late: since !== undefined });
      known = names;
    },
    changed(object, from) {
      since = from;
      known?.add(object.metadata.name);
      events.seen(object, { first: false, late: since !== undefined });
    },
    removed({ metadata }, from) {
      since = from;
      known?.delete(metadata.name);
      events.gone(metadata.name);
    },
    refused,
  };
}

const PULSE = 1_000;
const PULSE_TIMEOUT = 2_500;

/** Tells when the control plane is lost and when it is back. */
async function pulse(api: Api, tell: Tell, restart: Restart, clock: ServerClock, signal: AbortSignal): Promise<void> {
  let lost = false;
  let answered = performance.now();
  while (!signal.aborted) {
    const asked = performance.now();
    const failure = await api.get('/readyz', { patience: 0, timeout: PULSE_TIMEOUT, accept: '*/*', text: true }).then(
      () => undefined,
      (error: Error) => error,
    );
    if (signal.aborted) return;
    // Who could not be asked is not lost.
    if (!(failure instanceof NoAccess)) {
      if (failure && !lost)
        tell({ kind: 'control-plane-lost', text: failure.message, unseenFor: performance.now() - answered });
      if (!failure && lost) {
        tell({ kind: 'control-plane-back', text: 'the API answers again' });
        restart.now();
      } else if (!failure) restart.answered = asked;
      if (!failure) answered = asked;
      if (!failure && api.serverTime !== undefined)
        clock.saw(api.serverTime, performance.timeOrigin + asked, performance.timeOrigin + performance.now());
      lost = failure !== undefined;
    }
    await sleep(PULSE, signal);
  }
}
