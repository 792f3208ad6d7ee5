import type { Api } from './api.ts';
import { isConflict } from './api-error.ts';
import { evictAll } from './evict.ts';
import { BEFORE_ANNOTATION, type KubeNode, NODES, RUN_LABEL } from './objects.ts';

export type Availability = 'active' | 'pause' | 'drain';

const TRIES = 5;

/**
 * Sets whether a node takes pods (`pause`: cordoned), and evicts what is on it (`drain`). With `run` the node carries the run's
 * mark and what it was before, so that it is found and restored without a journal; without `run` it becomes what it was before,
 * or what is asked for where it has no mark, and nothing is evicted.
 */
export async function setAvailability(api: Api, name: string, availability: Availability, run?: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await mark(api, name, availability, run);
      break;
    } catch (error) {
      // Somebody else changed the node between its being read and written.
      if (!isConflict(error) || tries === TRIES) throw error;
    }
  }
  if (run !== undefined && availability === 'drain') await evictAll(api, name);
}

async function mark(api: Api, name: string, availability: Availability, run: string | undefined): Promise<void> {
  const { metadata, spec } = await api.read<KubeNode>(NODES, { name });
  const isCordoned = spec.unschedulable === true;
  const before = metadata.annotations?.[BEFORE_ANNOTATION];
  const markedBy = metadata.labels?.[RUN_LABEL];
  const cordoned = (run === undefined ? (before ?? availability) : availability) !== 'active';
  const marks = run === undefined ? null : run;
  const was = run === undefined ? null : (before ?? (isCordoned ? 'pause' : 'active'));
  if (cordoned === isCordoned && (markedBy ?? null) === marks && (before ?? null) === was) return;
  await api.patch(
    NODES,
    { name },
    {
      metadata: {
        resourceVersion: metadata.resourceVersion,
        labels: { [RUN_LABEL]: marks },
        annotations: { [BEFORE_ANNOTATION]: was },
      },
      spec: { unschedulable: cordoned ? true : null },
    },
  );
}
