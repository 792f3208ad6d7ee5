/** What a cluster can say that is not so. */
import type { Lie, Manner } from '../files-cluster/platforms/files/lies.ts';
import { between, pick, type Random } from './chance.ts';

const VERBS = ['lock.take', 'deploy', 'member.pause', 'node.availability'];

const UNDOS = ['remove', 'lock.release', 'member.unpause', 'node.availability'];

const QUESTIONS = ['inspect', 'members', 'condition', 'answers', 'snapshot', 'watch'];

const MANNERS: Manner[] = ['refuses', 'halves', 'denies', 'breaks'];

/** An undo that lies is one that fails a few times: what pretends to be done cannot be known to be left. */
export function randomLie(random: Random, mayHang: boolean): Lie {
  const kind = random();
  if (mayHang && kind < 0.2) return { of: pick(random, [...VERBS, ...UNDOS, ...QUESTIONS]), how: 'hangs', times: 1 };
  if (kind < 0.5) return { of: pick(random, VERBS), how: pick(random, [...MANNERS, 'pretends']), times: 1 };
  if (kind < 0.75) return { of: pick(random, UNDOS), how: pick(random, MANNERS), times: between(random, 1, 3) };
  return { of: pick(random, QUESTIONS), how: pick(random, ['refuses', 'breaks']), times: between(random, 1, 5) };
}
