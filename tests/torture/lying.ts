/** Clusters that do not say what is so. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Lie, Manner } from '../files-cluster/platforms/files/lies.ts';
import { lifeFaults, settle, tail } from './after.ts';
import type { Project } from './bed.ts';
import { between, pick, type Random } from './chance.ts';
import type { Outcome } from './outcome.ts';
import { life, startLives } from './runs.ts';

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

/** Runs on a cluster that does not say what is so. */
export async function lies(project: Project, random: Random): Promise<Outcome> {
  const told = project.clusters.map(() =>
    Array.from({ length: between(random, 1, 2) }, () => randomLie(random, false)),
  );
  for (const [index, each] of told.entries()) project.lie(index, each);
  const lives = told.map((_, index) =>
    life(project, index, random, { delay: between(random, 0, 2000), interrupt: between(random, 0, 3000) }),
  );
  const { process, ends } = startLives(project, lives);
  const code = await process.ended;
  const faults = code === 0 ? [] : [`died: ${tail(process)}`];
  for (const end of ends()) {
    const what = `${JSON.stringify(told[end.index])}: `;
    faults.push(...lifeFaults(project, end).map((fault) => what + fault));
  }
  const met = project.clusters.filter(({ folder }) => wasTold(folder)).length;
  faults.push(...(await settle(project)));
  return { faults, tries: lives.length, met };
}

/** Whether a lie of the cluster was told. */
const wasTold = (folder: string) =>
  (JSON.parse(readFileSync(path.join(folder, 'lies.json'), 'utf8')) as Lie[]).some(({ told }) => told);
