/** What is said of the state in which a run left the cluster: no more than was compared, and than its undo journal says. */
import type { Findings } from '../analysis/findings.ts';
import type { RunMeta } from '../recording/recording.ts';
import { sayMany } from './wording.ts';

interface CleanUp {
  /** Compared or not, as before or not, and what the undo journal says. */
  sentence: string;
  /** What is not as before, and what is not undone; `kind` says which. */
  items: { kind: 'left' | 'pending'; text: string }[];
  /** The command that puts it right. */
  command: string | undefined;
  /** The cluster was compared and is as before, and nothing is pending. */
  isDone: boolean;
}

export function cleanUpOf({ id, cluster }: RunMeta, { cleanUp: { left, pending } }: Findings): CleanUp {
  const isDone = left?.length === 0 && pending?.length === 0;
  const items = [
    ...(left ?? []).map((text) => ({ kind: 'left' as const, text })),
    ...(pending ?? []).map((text) => ({ kind: 'pending' as const, text })),
  ];
  const sentence = isDone ? 'The cluster is as it was before.' : `${sayCompared(left)} ${sayJournal(pending)}`;
  // What no journal knows is found by its label.
  const byLabel = `brownout undo --cluster ${cluster.file}`;
  const isLeft = pending === null || (left ?? []).length > 0;
  const command = pending && pending.length > 0 ? `brownout undo ${id}` : isLeft ? byLabel : undefined;
  return { sentence, items, command, isDone };
}

function sayCompared(left: string[] | null): string {
  if (left === null) return 'Not compared: there is no comparison of the cluster with its state before the run.';
  return left.length === 0 ? 'No difference from its state before the run was found.' : 'The cluster is not as before.';
}

function sayJournal(pending: string[] | null): string {
  if (pending === null) return 'The undo journal cannot be read: acts may be pending.';
  if (pending.length === 0) return 'Nothing is pending in the undo journal.';
  return `${sayMany(pending.length, 'act is', 'acts are')} not undone.`;
}
