import { sleep } from '../../../units/sleep.ts';
import type { Log } from '../node/parts.ts';

/** What a guest may stand still at the end of its migration, ms: Proxmox VE's default. */
const DOWNTIME_MS = 100;

type Monitor = (...command: [string, object?]) => Promise<unknown>;

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
 * @param held an emulated guest stands still while its memory is copied, and `resume` lets it go on where it is then. Else a kernel may panic
 * after the move (seen in two of some hundred, on a busy computer), its memory damaged: QEMU's emulation is suspected to lose what a guest writes to a page just
 * when its copy begins, if the thread of its processor is not running at that moment.
 */
export async function migrateTo(
  { host, port }: { host: string; port: number },
  monitor: Monitor,
  log: Log,
  held?: { resume(): Promise<void> },
): Promise<void> {
  await monitor('migrate-set-parameters', { 'downtime-limit': DOWNTIME_MS, 'max-bandwidth': 2 ** 40 });
  log(`migration downtime limit: ${DOWNTIME_MS} ms`);
  log(`start migrate command to tcp:${host}:${port}`);
  const began = performance.now();
  if (held) await monitor('stop');
  const done = await copied(host, port, monitor, log).catch(async (error: unknown) => {
    if (held) await monitor('cont');
    throw error;
  });
  await held?.resume();
  const downtime = held ? Math.round(performance.now() - began) : done.downtime;
  log(`average migration speed: ${((done.ram?.mbps ?? 0) / 8).toFixed(1)} MiB/s - downtime ${downtime} ms`);
  log(`migration completed, transferred ${transferred(done)} MiB VM-state`);
  log('migration status: completed');
}

const transferred = ({ ram }: Progress) => ((ram?.transferred ?? 0) / 2 ** 20).toFixed(1);

async function copied(host: string, port: number, monitor: Monitor, log: Log): Promise<Progress> {
  await monitor('migrate', { uri: `tcp:${host}:${port}` });
  for (let looks = 1; ; looks += 1) {
    const now = (await monitor('query-migrate')) as Progress;
    if (now.status === 'completed') return now;
    if (now.status === 'failed' || now.status === 'cancelled') {
      throw new Error(`online migrate failure - aborting: ${now['error-desc'] ?? `migration ${now.status}`}`);
    }
    if (looks % 20 === 0) log(`migration ${now.status}, transferred ${transferred(now)} MiB`);
    await sleep(50);
  }
}
