import { isOfRun } from '../../verb.ts';
import type { Api } from '../api/api.ts';
import { unlessGone } from '../api/api-error.ts';
import { overConflicts } from '../api/conflict.ts';
import { BEFORE_ANNOTATION, type KubeNode, NODES, RUN_LABEL } from '../api/objects.ts';
import { evictAll, refuseOrphans } from './drain.ts';

export type Availability = 'active' | 'pause' | 'drain';

/**
 * Sets whether a node takes pods (`pause`: cordoned), and evicts what is on it (`drain`). The node carries the run's mark and what it
 * was before, so that it is found and restored without a journal.
 */
export async function setAvailability(api: Api, name: string, availability: Availability, run: string): Promise<void> {
  if (availability === 'drain') await refuseOrphans(api, name);
  await overConflicts(() => mark(api, name, availability, run));
  if (availability === 'drain') await evictAll(api, name);
}

async function mark(api: Api, name: string, availability: Availability, run: string): Promise<void> {
  const { metadata, spec } = await api.read<KubeNode>(NODES, { name });
  const isCordoned = spec.unschedulable === true;
  const before = metadata.annotations?.[BEFORE_ANNOTATION];
  const cordoned = availability !== 'active';
  if (cordoned === isCordoned && metadata.labels?.[RUN_LABEL] === run && before !== undefined) return;
  await write(api, metadata, cordoned, run, before ?? (isCordoned ? 'pause' : 'active'));
}

/**
 * Makes a node what the run's mark says that it was, and takes the mark off. Without it, or without the node, nothing is left to do.
 *
 * @param otherwise what it was before, should the mark not say it
 */
export async function restoreAvailability(
  api: Api,
  name: string,
  otherwise: Availability,
  ownRun: string | undefined,
): Promise<void> {
  const unmark = async () => {
    const { metadata } = await api.read<KubeNode>(NODES, { name });
    const before = metadata.annotations?.[BEFORE_ANNOTATION];
    if (!isOfRun(metadata.labels?.[RUN_LABEL], ownRun)) return;
    await write(api, metadata, (before ?? otherwise) !== 'active', null, null);
  };
  await unlessGone(overConflicts(unmark));
}

/** Over exactly the version that was read. */
async function write(
  api: Api,
  { name, resourceVersion }: KubeNode['metadata'],
  cordoned: boolean,
  run: string | null,
  before: string | null,
): Promise<void> {
  await api.patch(
    NODES,
    { name },
    {
      metadata: { resourceVersion, labels: { [RUN_LABEL]: run }, annotations: { [BEFORE_ANNOTATION]: before } },
      spec: { unschedulable: cordoned ? true : null },
    },
  );
}
