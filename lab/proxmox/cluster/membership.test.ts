import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corosyncConfig } from './corosync.ts';
import { type Partition, QuorumReader } from './membership.ts';

const WHOLE = `Quorum information
------------------
Date:             Sun Nov 29 00:36:00 2026
Quorum provider:  corosync_votequorum
Nodes:            2
Node ID:          1
Ring ID:          1.a
Quorate:          Yes

Votequorum information
----------------------
Expected votes:   3
Highest expected: 3
Total votes:      2
Quorum:           2
Flags:            Quorate

Membership information
----------------------
    Nodeid      Votes Name
         1          1 pve1 (local)
         12         1 pve12
`;
const ALONE = WHOLE.replace('Nodes:            2', 'Nodes:            1')
  .replace('Quorate:          Yes', 'Quorate:          No')
  .replace(/ +12 .*\n/, '');

test('each change is told once, when it is whole', () => {
  const told: Partition[] = [];
  const reader = new QuorumReader((partition) => told.push(partition));
  for (const line of (WHOLE + ALONE + WHOLE).split('\n')) reader.line(line);
  assert.deepEqual(told, [
    { isQuorate: true, members: [1, 12] },
    { isQuorate: false, members: [1] },
    { isQuorate: true, members: [1, 12] },
  ]);
});

test("corosync has Proxmox VE's timing, under a time scale a shorter one, but none that a busy computer cannot keep", () => {
  const token = (scale: number) => /token: (\d+)/.exec(corosyncConfig([], scale))![1];
  assert.deepEqual([token(1), token(2), token(10)], ['3000', '1500', '1000']);
});
