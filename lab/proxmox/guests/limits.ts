/** What a guest may have at most: its drives' throttles, its share of the processors, its links' rate. */
import { existsSync } from 'node:fs';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, succeeds } from '../../command.ts';
import type { GuestConfig } from '../node/parts.ts';
import type { Drive, Net } from './config.ts';

const PERIOD_US = 100_000;
/**
 * On a busy processor a guest gets a tenth of what the node's own processes get: guests that boot must not keep the node from feeding
 * its watchdog. In the units of control groups 2 (100 is usual) and 1 (1024).
 */
const WEIGHT = { unified: 10, legacy: 102 };
const MIB = 2 ** 20;

/** A drive's throttles as QEMU's monitor takes them; zero is none. */
export function throttles({ key, options }: Drive): Record<string, string | number> {
  const iops = (name: string) => Number(options[name] ?? 0);
  const bytes = (name: string) => Math.round(Number(options[name] ?? 0) * MIB);
  return {
    id: key,
    ...{ bps: bytes('mbps'), bps_rd: bytes('mbps_rd'), bps_wr: bytes('mbps_wr') },
    ...{ iops: iops('iops'), iops_rd: iops('iops_rd'), iops_wr: iops('iops_wr') },
  };
}

/**
 * Puts a guest's process into a control group of its own, with as many cores as `cpulimit` says (0 and undefined are no limit), and
 * behind what the node itself runs.
 */
export async function limitProcessors(vmid: number, pid: number, { cpulimit }: GuestConfig): Promise<void> {
  const cores = Number(cpulimit ?? 0);
  const folder = groupOf(vmid);
  await mkdir(folder, { recursive: true });
  const quota = cores > 0 ? Math.round(cores * PERIOD_US) : undefined;
  if (isUnified()) {
    await writeFile(join(folder, 'cpu.max'), `${quota ?? 'max'} ${PERIOD_US}`);
    await writeFile(join(folder, 'cpu.weight'), String(WEIGHT.unified));
  } else {
    await writeFile(join(folder, 'cpu.shares'), String(WEIGHT.legacy));
    await writeFile(join(folder, 'cpu.cfs_period_us'), String(PERIOD_US));
    await writeFile(join(folder, 'cpu.cfs_quota_us'), String(quota ?? -1));
  }
  await writeFile(join(folder, 'cgroup.procs'), String(pid));
}

/** Removes the group of a guest whose process is gone. */
export async function removeLimits(vmid: number): Promise<void> {
  await rmdir(groupOf(vmid)).catch(() => {});
}

/**
 * Limits a link to `rate` MB/s, both ways, or no more. What the guest sends is dropped by nftables: Proxmox VE polices it by tc, and not every
 * kernel has the classifier for that.
 */
export async function limitLink(tap: string, { options: { rate } }: Net): Promise<void> {
  await succeeds(['tc', 'qdisc', 'delete', 'dev', tap, 'root']);
  await succeeds(['nft', 'delete', 'table', 'netdev', tap]);
  if (rate === undefined || Number(rate) === 0) return;
  const bytes = Math.round(Number(rate) * MIB);
  const shaped = ['rate', `${bytes}bps`, 'burst', String(MIB), 'latency', '50ms'];
  await run(['tc', 'qdisc', 'add', 'dev', tap, 'root', 'tbf', ...shaped]);
  const rule = `limit rate over ${bytes} bytes/second burst ${MIB} bytes drop`;
  await run([
    'nft',
    `table netdev ${tap} { chain sent { type filter hook ingress device "${tap}" priority 0; ${rule}; }; }`,
  ]);
}

const isUnified = () => existsSync('/sys/fs/cgroup/cgroup.controllers');

function groupOf(vmid: number): string {
  return isUnified() ? `/sys/fs/cgroup/guest-${vmid}` : `/sys/fs/cgroup/cpu/guest-${vmid}`;
}
