import assert from 'node:assert/strict';
import { test } from 'node:test';
import { end } from './end.ts';

test('guests outside HA are stopped before HA is told, and what then still runs ends with the machine', async () => {
  const done: string[] = [];
  const step = (what: string) => async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    done.push(what);
  };
  const running = [101, 102];
  const said: string[] = [];
  await end({
    stopAll: step('stopall'),
    highAvailability: { shutDown: step('HA') },
    hypervisor: { running: () => running },
    stop: async (vmid) => {
      done.push(`stop ${vmid}`);
      if (vmid === 101) throw new Error('VM is locked (backup)');
    },
    say: (line) => said.push(line),
  });
  assert.deepEqual(done, ['stopall', 'HA', 'stop 101', 'stop 102']);
  assert.deepEqual(said, ['VM 101: VM is locked (backup)']);
});

test('a guest that cannot be stopped keeps nothing else from ending', async () => {
  const done: string[] = [];
  const said: string[] = [];
  await end({
    stopAll: async () => Promise.reject(new Error('no task')),
    highAvailability: { shutDown: async () => void done.push('HA') },
    hypervisor: { running: () => [] },
    stop: () => assert.fail('nothing runs'),
    say: (line) => said.push(line),
  });
  assert.deepEqual([done, said], [['HA'], ['stopall: no task']]);
});
