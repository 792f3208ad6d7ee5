/** Clusters that do not say what is so. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Lie } from '../files-cluster/platforms/files/lies.ts';
import { lifeFaults, settle, tail } from './after.ts';
import type { Project } from './bed.ts';
import { between, type Random } from './chance.ts';
import { randomLie } from './lie.ts';
import type { Outcome } from './outcome.ts';
import { life, startLives } from './runs.ts';

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
