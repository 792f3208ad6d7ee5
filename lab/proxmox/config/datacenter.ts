/** `datacenter.cfg`: a line a setting of the whole cluster. */
import type { ShutdownPolicy } from '../ha/state.ts';

export const DATACENTER = 'datacenter.cfg';

const POLICIES: ShutdownPolicy[] = ['conditional', 'freeze', 'failover', 'migrate'];

/** Throws an Error with the line that is not understood. */
export function parseDatacenter(text: string): Record<string, string> {
  const settings = text.split('\n').flatMap((line, index): [string, string][] => {
    if (/^\s*(#.*)?$/.test(line)) return [];
    const [, key, value] = /^([\w-]+):\s*(.*\S)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined) throw new Error(`line ${index + 1}: unable to parse '${line}'`);
    return [[key, value]];
  });
  return Object.fromEntries(settings);
}

export function formatDatacenter(settings: Record<string, string>): string {
  return Object.entries(settings)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
}

/** What becomes of a node's guests when it is shut down, by `ha: shutdown_policy=freeze`; without it, and of a file that nobody can read, conditional. */
export function shutdownPolicyOf(text: string): ShutdownPolicy {
  const said = /^ha:.*\bshutdown_policy=(\w+)/m.exec(text)?.[1];
  return POLICIES.find((policy) => policy === said) ?? 'conditional';
}
