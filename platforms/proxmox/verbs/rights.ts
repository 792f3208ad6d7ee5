/** Which privileges a run takes, by path: each verb and query says its own; here is what every run needs beside them. */
import type { Right as PlatformRight } from '../../platform.ts';
import type { Api } from '../api/api.ts';
import { onCluster, onGuests, onNodes, type Right } from './entry.ts';
import { queries, verbs } from './index.ts';

/** Looking, watching, reading back through the agent. */
const ALWAYS: Right[] = [
  onCluster('Sys.Audit'),
  onNodes('Sys.Audit'),
  onGuests('VM.Audit', 'VM.GuestAgent.Unrestricted'),
  { path: '/storage', privileges: ['Datastore.Audit'] },
];

interface Need {
  path: string;
  privilege: string;
  by: string[];
}

function needsOf(names: readonly string[]): { needs: Need[]; ssh: string[] } {
  const needs = new Map<string, Need>();
  const ssh: string[] = [];
  const add = (by: string, rights: readonly Right[]) => {
    for (const right of rights) {
      if (right === 'ssh') {
        ssh.push(by);
        continue;
      }
      for (const privilege of right.privileges) {
        const key = `${right.path} ${privilege}`;
        const need = needs.get(key) ?? { path: right.path, privilege, by: [] };
        if (!need.by.includes(by)) need.by.push(by);
        needs.set(key, need);
      }
    }
  };
  add('every run', ALWAYS);
  for (const name of names) add(name, (verbs[name] ?? queries[name])?.rights ?? []);
  return { needs: [...needs.values()], ssh };
}

/** Before PVE 9 one privilege stood for all that an agent can be asked. */
const FORMERLY: Record<string, string> = { 'VM.GuestAgent.Unrestricted': 'VM.Monitor' };

/** By what the API itself says the account may do. */
export async function checkRights(api: Api, names: readonly string[]): Promise<PlatformRight[]> {
  const granted = await api.get('/access/permissions');
  const { needs } = needsOf(names);
  return needs.map(({ path, privilege, by }) => ({
    verb: privilege,
    resource: path,
    neededBy: by,
    granted: [privilege, FORMERLY[privilege]].some((name) => name !== undefined && isGranted(granted, path, name)),
  }));
}

/**
 * What is granted on a path and passed on counts below it, unless something else is granted there: then only that. A privilege may also be
 * granted on some guests alone, which the API tells by their paths; the suite makes new ones, and asks for all.
 */
function isGranted(granted: Record<string, Record<string, boolean>>, path: string, privilege: string): boolean {
  const own = granted[path];
  if (!own) return granted['/']?.[privilege] === true;
  // What is asked for at a path other than / is needed for all below it.
  return path === '/' ? own[privilege] !== undefined : own[privilege] === true;
}

const ROLE = 'Brownout';

/** Commands that make roles with exactly these privileges and an account that has them: to be run on a node by root. */
export function rightsCommands(names: readonly string[]): string {
  const { needs, ssh } = needsOf(names);
  const byPath = [...Map.groupBy(needs, ({ path }) => path)].sort(([a], [b]) => a.localeCompare(b));
  const lines = byPath.flatMap(([path, all]) => {
    const role = path === '/' ? ROLE : `${ROLE}${path.slice(1, 2).toUpperCase()}${path.slice(2)}`;
    const privileges = all.map(({ privilege }) => privilege).sort();
    // A role of a lower path takes the place of the upper one's: what is needed at / alone, such as Sys.Console, does not pass down to the nodes.
    return [
      `pveum role add ${role} --privs '${privileges.join(',')}'`,
      `pveum acl modify ${path} --roles ${role} --users brownout@pve`,
    ];
  });
  return [
    '# On a node, as root. Before PVE 9: VM.Monitor instead of VM.GuestAgent.Unrestricted.',
    'pveum user add brownout@pve',
    ...lines,
    'pveum user token add brownout@pve suite --privsep 0',
    ...(ssh.length === 0
      ? []
      : [`# These need a shell on the nodes beside it (\`ssh\` in the cluster file): ${ssh.join(', ')}`]),
    '',
  ].join('\n');
}
