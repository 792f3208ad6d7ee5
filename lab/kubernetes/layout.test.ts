import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiAddress, apiFrom, EDGE, kubernetesLab, seats } from './layout.ts';

for (const controlPlanes of [1, 3] as const) {
  test(`with ${controlPlanes} control plane(s), no two machines share a name, an address or pod addresses`, () => {
    const all = seats({ controlPlanes });
    assert.equal(all.filter(({ role }) => role === 'control-plane').length, controlPlanes);
    assert.equal(all.filter(({ role }) => role === 'worker').length, 3);
    for (const key of ['name', 'address', 'podCidr'] as const) {
      assert.equal(new Set(all.map((seat) => seat[key])).size, all.length, key);
    }
    const prefix = `${kubernetesLab.network!.prefix}.`;
    for (const { address } of [...all, EDGE]) assert.ok(address.startsWith(prefix), address);
    assert.ok(!all.some(({ address }) => address === EDGE.address));
  });
}

test('whoever reaches the API goes round a dead control plane, if there is another', () => {
  const one = seats({ controlPlanes: 1 });
  const three = seats({ controlPlanes: 3 });
  assert.equal(apiAddress(one), one[0]!.address);
  assert.equal(apiAddress(three), EDGE.address);
  for (const seat of three) assert.equal(apiFrom(seat, three), seat.role === 'worker' ? '127.0.0.1' : seat.address);
  for (const seat of one) assert.equal(apiFrom(seat, one), one[0]!.address);
});
