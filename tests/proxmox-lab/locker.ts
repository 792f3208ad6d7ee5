/**
 * Runs inside a machine of the lab, for tests: tries to take a lock, over and over, with the lab's own store, and prints a line when it
 * has it. Arguments: the lock's name; seconds to go on renewing it.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ETCD_PORT } from '../../lab/proxmox/cluster/etcd.ts';
import { NODE_FILE, type NodeSettings } from '../../lab/proxmox/node/settings.ts';
import { AgeLocks, LOCKS } from '../../lab/proxmox/store/age-locks.ts';
import { EtcdGateway } from '../../lab/proxmox/store/etcd-gateway.ts';

const [name, hold] = process.argv.slice(2) as [string, string];
const { node, timeScale } = JSON.parse(readFileSync(NODE_FILE, 'utf8')) as NodeSettings;
const etcd = new EtcdGateway(`http://127.0.0.1:${ETCD_PORT}`);
const locks = new AgeLocks(etcd, `${node} ${randomUUID()}`, timeScale);
for (let until = Number.POSITIVE_INFINITY; performance.now() < until; ) {
  const seen = await etcd.list(LOCKS, 'linearizable').catch(() => undefined);
  if (seen) locks.observe(seen.entries);
  if (await locks.take(name).catch(() => false)) {
    if (until === Number.POSITIVE_INFINITY) console.log(`${node} has it`);
    until = Math.min(until, performance.now() + Number(hold) * 1000);
  }
  await sleep(100);
}
await etcd.close();
