/** Proxmox has no stream of events: the cluster is looked at again and again. What is told happened between two looks. */
import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import type { PlatformEvent } from '../../platform.ts';
import { Queue } from '../../queue.ts';
import type { Api } from '../api/api.ts';
import { ofNamespace, processesOf } from '../state/members.ts';
import type { Viewer } from '../state/view.ts';
import { type Change, Differ } from './diff.ts';

const POLL = 500;
/** Of the time between two looks a look may take this share: a cluster of thousands of guests is asked more seldom. */
const SHARE = 0.25;

export async function* watchProxmox(
  api: Api,
  viewer: Viewer,
  namespace: string,
  signal: AbortSignal,
): AsyncIterable<PlatformEvent> {
  const queue = new Queue<PlatformEvent>(signal);
  const looking = lookOn(api, viewer, namespace, signal, (event) => queue.push(event));
  yield* queue;
  await looking;
}

async function lookOn(
  api: Api,
  viewer: Viewer,
  namespace: string,
  signal: AbortSignal,
  tell: (event: PlatformEvent) => void,
): Promise<void> {
  const differ = new Differ(namespace);
  let lost = false;
  /** When the last look that was believed began: what the next one shows was not so yet. */
  let since = performance.now();
  const tellSince = ({ since: from, ...event }: Change) => tell({ ...event, unseenFor: performance.now() - from });
  while (!signal.aborted) {
    const began = performance.now();
    // What a node costs that is silent is not the cluster's size: it is never a reason to look more seldom.
    let took = 0;
    try {
      const view = await viewer.look({ signal, patience: 0 });
      took = view.took;
      const processes = await processesOf(api, { ...view, guests: ofNamespace(namespace, view) });
      if (lost) tellSince({ kind: 'control-plane-back', text: `${view.endpoint} has a majority, and answers`, since });
      lost = false;
      for (const event of differ.next({ view, processes, at: began })) tellSince(event);
      since = began;
    } catch (error) {
      if (signal.aborted) return;
      if (!lost) tellSince({ kind: 'control-plane-lost', text: describe(error), since });
      lost = true;
    }
    await sleep(Math.max(POLL - (performance.now() - began), took * (1 / SHARE - 1), 50), signal);
  }
}

function describe(error: unknown): string {
  return error instanceof OperatorError ? error.message : String(error);
}
