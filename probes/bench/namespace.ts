import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { execaSync } from 'execa';

const INSIDE = 'BROWNOUT_BENCH_INSIDE';
/** Where the kernel keeps the list of addresses whose packets are dropped: writing it takes effect at once. */
const HOLE = '/proc/net/xt_recent/hole';

/**
 * Runs this program again in a network namespace of its own and exits with its code. There a firewall rule can drop
 * packets without touching the machine's own network, and nothing has to be undone: it all ends with the namespace. A signal
 * that ends this one is passed on, and what no signal can tell, its death, is the other's death.
 * Returns where it is inside already, or where namespaces are not allowed.
 */
export async function enterNamespace(): Promise<void> {
  if (process.env[INSIDE]) return;
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const env = { ...process.env, [INSIDE]: '1' };
  const allowed = succeeds('unshare', [...user, '--net', 'ip', 'link', 'set', 'lo', 'up']);
  if (!allowed) return;
  const script = 'ip link set lo up && exec "$@"';
  const again = [process.execPath, ...process.argv.slice(1)];
  const withUs = ['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', script, 'sh'];
  const inside = spawn('unshare', [...user, '--net', ...withUs, ...again], { env, stdio: 'inherit' });
  for (const signal of endings) process.on(signal, () => inside.kill(signal));
  const [code] = (await once(inside, 'exit')) as [number | null];
  process.exit(code ?? 1);
}

/** Signals that end a program, and that it can hear. */
export const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function succeeds(file: string, argv: string[]): boolean {
  return !execaSync(file, argv, { reject: false }).failed;
}

/** Sets up a black hole for TCP to these ports, and returns its switch; undefined where the kernel or the rights do not allow it. */
export function digHole(ports: number[]): string | undefined {
  if (!process.env[INSIDE]) return undefined;
  const dports = ports.join(',');
  const rule = `-A INPUT -p tcp -m multiport --dports ${dports} -m recent --name hole --rcheck --rsource -j DROP`;
  return succeeds('iptables', rule.split(' ')) && existsSync(HOLE) ? HOLE : undefined;
}
