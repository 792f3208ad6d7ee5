import { sleep } from '../../../units/sleep.ts';
import type { Log } from '../node/parts.ts';

/** What a guest may stand still at the end of its migration, ms: Proxmox VE's default. */
const DOWNTIME_MS = 100;

interface Progress {
  status?: string;
  'error-desc'?: string;
  'total-time'?: number;
  downtime?: number;
  ram?: { transferred: number; mbps: number };
}

/**
 * Sends a running guest to the process that waits for it, and resolves when all of it is there and runs there: this process then only
 * has what is left. Throws an Error with QEMU's words when it did not work: the guest runs on here.
 */
export async function migrateTo(
  { host, port }: { host: string; port: number },
  monitor: (...command: [string, object?]) => Promise<unknown>,
  log: Log,
): Promise<void> {
  await monitor('migrate-set-parameters', { 'downtime-limit': DOWNTIME_MS, 'max-bandwidth': 2 ** 40 });
  log(`migration downtime limit: ${DOWNTIME_MS} ms`);
  log(`start migrate command to tcp:${host}:${port}`);
  await monitor('migrate', { uri: `tcp:${host}:${port}` });
  for (let looks = 1; ; looks += 1) {
    const now = (await monitor('query-migrate')) as Progress;
    if (now.status === 'completed') {
      log(`average migration speed: ${((now.ram?.mbps ?? 0) / 8).toFixed(1)} MiB/s - downtime ${now.downtime} ms`);
      log(`migration completed, transferred ${((now.ram?.transferred ?? 0) / 2 ** 20).toFixed(1)} MiB VM-state`);
      log('migration status: completed');
      return;
    }
    if (now.status === 'failed' || now.status === 'cancelled') {
      throw new Error(`online migrate failure - aborting: ${now['error-desc'] ?? `migration ${now.status}`}`);
    }
    if (looks % 20 === 0)
      log(`migration ${now.status}, transferred ${((now.ram?.transferred ?? 0) / 2 ** 20).toFixed(1)} MiB`);
    await sleep(50);
  }
}
