/** A further place to probe from: a computer that is reached by ssh, or whatever a command leads to. */
import { quote } from '../../processes/program.ts';

export type Vantage =
  /** `ops@w1`, `ssh://ops@w1:2222` */
  | { kind: 'ssh'; address: string }
  /** Runs what is appended to it, there: `docker exec -i box`, `kubectl exec -i prober --`. */
  | { kind: 'command'; argv: string[] };

/** So long a connection may be silent before both of its ends give it up, s: a cut that is shorter is bridged, and what was seen meanwhile comes later. */
export const BRIDGED = 300;

/** In words: `ssh ops@w1`. */
export function sayPlace(vantage: Vantage): string {
  return vantage.kind === 'ssh' ? `ssh ${vantage.address}` : vantage.argv.map(quote).join(' ');
}

/** The user and host of an address, and its port where it names one; undefined if it is none. */
export function sshTarget(address: string): { host: string; port: string } | undefined {
  const url = URL.parse(address.includes('://') ? address : `ssh://${address}`);
  if (url?.protocol !== 'ssh:' || url.hostname === '' || url.password !== '') return undefined;
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '' || url.port === '0') return undefined;
  if (url.username.includes('%')) return undefined;
  const user = url.username === '' ? '' : `${url.username}@`;
  // ssh takes an IPv6 address as it is.
  return { host: `${user}${url.hostname.replace(/^\[(.*)\]$/, '$1')}`, port: url.port };
}

/** The program that runs `argv` there, with its standard input and output here. */
export function programAt(vantage: Vantage, argv: string[]): { file: string; argv: string[] } {
  if (vantage.kind === 'command') {
    const [file, ...words] = vantage.argv;
    return { file: file!, argv: [...words, ...argv] };
  }
  const { host, port } = sshTarget(vantage.address)!;
  const options = [
    // A question for a password would hang a run for ever.
    ...['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5', '-T'],
    ...['-o', `ServerAliveInterval=${BRIDGED / 5}`, '-o', 'ServerAliveCountMax=5'],
    ...(port === '' ? [] : ['-p', port]),
  ];
  // The other side's shell reads one line: every word is quoted.
  return { file: 'ssh', argv: [...options, '--', host, `exec ${argv.map(quote).join(' ')}`] };
}
