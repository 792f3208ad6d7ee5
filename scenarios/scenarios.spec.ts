import path from 'node:path';
import { projectPath } from '../files/project-path.ts';
import { test } from '../fixtures/test.ts';
import { readInvocation } from '../run/invocation.ts';
import { loadProject } from '../run/parts.ts';
import { printable } from '../units/printable.ts';
import { findScenarios, loadScenario } from './load.ts';

// One test per scenario file, on every cluster that the runner was given.
const files = readInvocation()?.scenarios ?? findScenarios([path.join(import.meta.dirname, 'voting')]);

await loadProject(process.cwd());
for (const file of files) {
  const scenario = await loadScenario(file);
  // By its file, because titles are chosen by people: two scenarios may have the same.
  test.describe(printable(projectPath(file)), () => {
    test(printable(scenario.title), async ({ brownout }) => {
      await brownout.run(file);
    });
  });
}
