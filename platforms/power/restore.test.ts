import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LastWord } from '../platform.ts';
import type { Power, PowerState } from './power.ts';
import { restore } from './restore.ts';

interface Moment {
  power: PowerState | Error;
  word?: LastWord;
}

const going = (told: number): LastWord => ({ isGoing: true, told });
const staying = (told: number): LastWord => ({ isGoing: false, told });

/** A node that is so, look by look; the last for ever. → whether it was switched on, and at which look */
async function restored(moments: Moment[]): Promise<{ on: number | undefined }> {
  let at = -1;
  let on: number | undefined;
  const now = () => moments[Math.min(at, moments.length - 1)]!;
  const power: Power = {
    kind: 'test',
    off: () => assert.fail('nothing is switched off'),
    async on() {
      assert.equal(now().power, 'off', 'it would do nothing to a node that has power');
      on = at;
    },
    async state() {
      at += 1;
      const state = now().power;
      if (state instanceof Error) throw state;
      return state;
    },
  };
  const limits = { patience: 300, every: 1 };
  await restore(power, { lastWord: async () => now().word }, 'pve1', limits);
  return { on };
}

test('a node that is off is switched on at once', async () => {
  assert.deepEqual(await restored([{ power: 'off', word: going(5) }]), { on: 0 });
});

test('one that is still shutting down is waited for, however fresh its last word is', async () => {
  const under = [0, 10, 20, 30, 40, 50].map((told) => ({ power: 'on' as const, word: going(told) }));
  assert.deepEqual(await restored([...under, { power: 'off' }]), { on: 6 });
});

test('a request that is on its way yet is waited for, too', async () => {
  const before = [0, 0, 10, 20].map((told) => ({ power: 'on' as const, word: staying(told) }));
  assert.deepEqual(await restored([...before, { power: 'on', word: going(21) }, { power: 'off' }]), { on: 5 });
});

test('one that was never told to, or is up again, goes on: nothing is done', async () => {
  const goesOn = [0, 10, 20, 30].map((told) => ({ power: 'on' as const, word: staying(told) }));
  assert.deepEqual(await restored(goesOn), { on: undefined });
  const booting: Moment[] = [{ power: 'on' }, { power: 'on', word: going(100) }];
  assert.deepEqual(await restored([...booting, ...goesOn]), { on: undefined });
});

test('an old word that stays as it is says nothing, nor does a power that cannot be read', async () => {
  await assert.rejects(restored([{ power: 'on', word: staying(7) }]), /pve1 is neither off nor known to go on/);
  await assert.rejects(restored([{ power: 'unknown' }]), /neither off nor/);
});

test('an agent that once does not answer while a shutdown is waited for ends nothing; one that never did is wrong', async () => {
  const silent = new Error('no answer from its BMC');
  const under: Moment[] = [{ power: 'on', word: going(0) }, { power: silent, word: going(10) }, { power: 'off' }];
  assert.deepEqual(await restored(under), { on: 2 });
  await assert.rejects(restored([{ power: silent }, { power: 'off' }]), /no answer from its BMC/);
});
