import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { seeded } from '../../units/random.ts';
import { labCluster } from '../labs/swarm.ts';
import { shuffled } from '../torture/chance.ts';
import { randomMoment, tell, torture, tortureScenarios } from '../torture.ts';

// A few of the kills of `npm run torture`: three faults by chance, at random moments, printed so that they can be tried again.
const seed = Date.now() % 1_000_000;
const random = seeded(seed);
const project = mkdtempSync(path.join(os.tmpdir(), 'torture-'));
before(labCluster);
after(() => rmSync(project, { recursive: true, force: true }));

for (const scenario of shuffled(tortureScenarios(), random).slice(0, 3)) {
  const moment = randomMoment('run', random);
  test(`${path.basename(scenario)} killed ${tell(moment)} (seed ${seed}): undo leaves nothing`, async () => {
    await torture(scenario, moment, project);
  });
}
