/**
 * Makes `dist/` for the package (npm pack runs it): Node does not strip types under node_modules, so there the suite is
 * JavaScript. `dist/` has the same rooms as the checkout, with everything that the code reads beside itself.
 */
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';

const root = path.dirname(import.meta.dirname);
const dist = path.join(root, 'dist');
const rooms = [
  'analysis',
  'cli',
  'clusters',
  'faults',
  'fixtures',
  'lab',
  'platforms',
  'probes',
  'recording',
  'reports',
  'run',
  'scenarios',
];

rmSync(dist, { recursive: true, force: true });
execaSync(path.join(root, 'node_modules', '.bin', 'tsc'), ['-p', path.join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
for (const room of rooms) {
  cpSync(path.join(root, room), path.join(dist, room), {
    recursive: true,
    filter: (source) => !source.endsWith('.ts') && !source.includes('__pycache__'),
  });
}
// Scripts for k6 are given to it with their types, which are checked first.
cpSync(path.join(root, 'k6'), path.join(dist, 'k6'), { recursive: true });
