import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programAt } from './vantage.ts';

test("by the user's own ssh, which is asked nothing, with every word quoted for the shell over there", () => {
  const { file, argv } = programAt({ kind: 'ssh', address: 'ssh://ops@w1:2222' }, ['node', '-e', 'a "b" $c']);
  assert.equal(file, 'ssh');
  assert.match(argv.join(' '), /BatchMode=yes.* -p 2222 -- ops@w1 exec node -e 'a "b" \$c'$/);
  assert.deepEqual(programAt({ kind: 'ssh', address: 'ssh://ops@[::1]:22' }, ['node']).argv.slice(-5, -1), [
    '-p',
    '22',
    '--',
    'ops@::1',
  ]);
  // What begins with a dash is a host, too, and no option.
  assert.equal(programAt({ kind: 'ssh', address: '-oProxyCommand=x' }, ['node']).argv.at(-3), '--');
});

test('by a command, whose words are followed by those of the prober', () => {
  const { file, argv } = programAt({ kind: 'command', argv: ['docker', 'exec', '-i', 'box'] }, ['node', '-e', 'x']);
  assert.deepEqual([file, ...argv], ['docker', 'exec', '-i', 'box', 'node', '-e', 'x']);
});
