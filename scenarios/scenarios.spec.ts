import path from 'node:path';
import { projectPath } from '../files/project-path.ts';
import { test } from '../fixtures/test.ts';
import { printable } from '../output/printable.ts';
import { readInvocation } from '../run/invocation/invocation.ts';

/** Without the command: those of the voting app. Only then is it here that scenario files are read. */
async function votingScenarios(): Promise<{ file: string; title: string }[]> {
  const [{ findScenarios }, { loadScenario }] = await Promise.all([import('./find.ts'), import('./load.ts')]);
  const files = await findScenarios([path.join(import.meta.dirname, 'voting')]);
  return Promise.all(files.map(async (file) => ({ file, title: (await loadScenario(file)).title })));
}

// One test per scenario file, on every cluster that the runner was given.
for (const { file, title } of readInvocation()?.scenarios ?? (await votingScenarios())) {
  // By its file, because titles are chosen by people: two scenarios may have the same.
  test.describe(printable(projectPath(file)), () => {
    test(printable(title), async ({ brownout }) => {
      await brownout.run(file);
    });
  });
}
