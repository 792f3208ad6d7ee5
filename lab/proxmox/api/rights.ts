/** What callers may do: privileges by path, and what each call asks for. */
import type { ClusterFiles } from '../node/parts.ts';
import { type Access, readAccess } from './access-files.ts';
import { forbidden } from './refusal.ts';
import { type Caller, nameOf } from './tickets.ts';

const VM =
  'Allocate Audit Backup Clone Config.CDROM Config.CPU Config.Cloudinit Config.Disk Config.HWType Config.Memory Config.Network Config.Options Console GuestAgent.Audit GuestAgent.FileRead GuestAgent.FileSystemMgmt GuestAgent.FileWrite GuestAgent.Unrestricted Migrate PowerMgmt Replicate Snapshot Snapshot.Rollback'
    .split(' ')
    .map((name) => `VM.${name}`);
const STORE = ['Datastore.Allocate', 'Datastore.AllocateSpace', 'Datastore.AllocateTemplate', 'Datastore.Audit'];
const SYSTEM = 'AccessNetwork Audit Console Incoming Modify PowerMgmt Syslog'.split(' ').map((name) => `Sys.${name}`);
const NET = ['SDN.Allocate', 'SDN.Audit', 'SDN.Use'];
const MAPPING = ['Mapping.Audit', 'Mapping.Modify', 'Mapping.Use'];
const POOL = ['Pool.Allocate', 'Pool.Audit'];
const USER = ['Group.Allocate', 'Permissions.Modify', 'Realm.Allocate', 'Realm.AllocateUser', 'User.Modify'];
const ALL = [...VM, ...STORE, ...SYSTEM, ...NET, ...MAPPING, ...POOL, ...USER].sort();

const auditor = ALL.filter((privilege) => privilege.endsWith('.Audit') && privilege !== 'VM.GuestAgent.Audit');

/** Those that there always are, as far as the lab has use for them. */
const ROLES: Record<string, string[]> = {
  Administrator: ALL,
  NoAccess: [],
  PVEAdmin: ALL.filter(
    (name) => !['Permissions.Modify', 'Realm.Allocate', 'Sys.PowerMgmt', 'Sys.Modify'].includes(name),
  ),
  PVEAuditor: auditor,
  PVEDatastoreAdmin: STORE,
  PVEDatastoreUser: ['Datastore.AllocateSpace', 'Datastore.Audit'],
  PVESDNUser: ['SDN.Audit', 'SDN.Use'],
  PVESysAdmin: SYSTEM.filter((name) => !['Sys.PowerMgmt', 'Sys.Modify'].includes(name)),
  PVEVMAdmin: VM,
  PVEVMUser: ['VM.Audit', 'VM.Backup', 'VM.Config.CDROM', 'VM.Config.Cloudinit', 'VM.Console', 'VM.PowerMgmt'],
};

/** A place, and the privileges there: all words, of words with `|` between them one. */
type Need = [path: string, privileges: string];

const audit: Need = ['/vms/{vmid}', 'VM.Audit'];
const power: Need = ['/vms/{vmid}', 'VM.PowerMgmt'];
const agent: Need = ['/vms/{vmid}', 'VM.GuestAgent.Audit|VM.GuestAgent.Unrestricted'];
const agentUse: Need = ['/vms/{vmid}', 'VM.GuestAgent.Unrestricted'];
const snapshot: Need = ['/vms/{vmid}', 'VM.Snapshot'];
const firewall: Need = ['/vms/{vmid}', 'VM.Config.Network'];
const node: Need = ['/nodes/{node}', 'Sys.Audit'];
const ha: Need = ['/', 'Sys.Audit'];
const haChange: Need = ['/', 'Sys.Console'];
const CONFIG: Need = [
  '/vms/{vmid}',
  'VM.Config.CDROM|VM.Config.CPU|VM.Config.Cloudinit|VM.Config.Disk|VM.Config.HWType|VM.Config.Memory|VM.Config.Network|VM.Config.Options',
];

/** Of calls that are not here the handler sees to it, or anybody may call them who is known. */
const NEEDS: Record<string, Need> = {
  'DELETE /cluster/ha/resources/{sid}': haChange,
  'DELETE /cluster/ha/rules/{rule}': haChange,
  'DELETE /nodes/{node}/qemu/{vmid}': ['/vms/{vmid}', 'VM.Allocate'],
  'DELETE /nodes/{node}/qemu/{vmid}/firewall/rules/{pos}': firewall,
  'DELETE /nodes/{node}/qemu/{vmid}/snapshot/{snapname}': snapshot,
  'GET /cluster/config/nodes': ha,
  'GET /cluster/ha/groups': ha,
  'GET /cluster/ha/resources': ha,
  'GET /cluster/ha/resources/{sid}': ha,
  'GET /cluster/ha/rules': ha,
  'GET /cluster/ha/rules/{rule}': ha,
  'GET /cluster/ha/status/current': ha,
  'GET /cluster/ha/status/manager_status': ha,
  'GET /cluster/status': ha,
  'GET /nodes/{node}/lxc/{vmid}/config': audit,
  'GET /nodes/{node}/lxc/{vmid}/status/current': audit,
  'GET /nodes/{node}/network': node,
  'GET /nodes/{node}/qemu/{vmid}/agent/exec-status': agentUse,
  'GET /nodes/{node}/qemu/{vmid}/agent/get-osinfo': agent,
  'GET /nodes/{node}/qemu/{vmid}/agent/network-get-interfaces': agent,
  'GET /nodes/{node}/qemu/{vmid}/config': audit,
  'GET /nodes/{node}/qemu/{vmid}/firewall/options': audit,
  'GET /nodes/{node}/qemu/{vmid}/firewall/rules': audit,
  'GET /nodes/{node}/qemu/{vmid}/migrate': ['/vms/{vmid}', 'VM.Migrate'],
  'GET /nodes/{node}/qemu/{vmid}/pending': audit,
  'GET /nodes/{node}/qemu/{vmid}/snapshot': audit,
  'GET /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config': [
    '/vms/{vmid}',
    'VM.Snapshot|VM.Snapshot.Rollback|VM.Audit',
  ],
  'GET /nodes/{node}/qemu/{vmid}/status/current': audit,
  'GET /nodes/{node}/services': node,
  'GET /nodes/{node}/services/{service}/state': node,
  'GET /nodes/{node}/status': node,
  'GET /nodes/{node}/storage/{storage}/status': ['/storage/{storage}', 'Datastore.Audit|Datastore.AllocateSpace'],
  'GET /nodes/{node}/storage/{storage}/content': ['/storage/{storage}', 'Datastore.Audit|Datastore.AllocateSpace'],
  'GET /nodes/{node}/time': node,
  'POST /cluster/ha/resources': haChange,
  'POST /cluster/ha/resources/{sid}/migrate': haChange,
  'POST /cluster/ha/resources/{sid}/relocate': haChange,
  'POST /cluster/ha/rules': haChange,
  'POST /nodes/{node}/qemu': ['/vms/{vmid}', 'VM.Allocate'],
  'POST /nodes/{node}/qemu/{vmid}/agent': agentUse,
  'POST /nodes/{node}/qemu/{vmid}/agent/exec': agentUse,
  'POST /nodes/{node}/qemu/{vmid}/agent/ping': agent,
  'POST /nodes/{node}/qemu/{vmid}/clone': ['/vms/{vmid}', 'VM.Clone'],
  'POST /nodes/{node}/qemu/{vmid}/config': CONFIG,
  'POST /nodes/{node}/qemu/{vmid}/firewall/rules': firewall,
  'POST /nodes/{node}/qemu/{vmid}/migrate': ['/vms/{vmid}', 'VM.Migrate'],
  'POST /nodes/{node}/qemu/{vmid}/snapshot': snapshot,
  'POST /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback': ['/vms/{vmid}', 'VM.Snapshot|VM.Snapshot.Rollback'],
  'POST /nodes/{node}/qemu/{vmid}/status/reboot': power,
  'POST /nodes/{node}/qemu/{vmid}/status/reset': power,
  'POST /nodes/{node}/qemu/{vmid}/status/resume': power,
  'POST /nodes/{node}/qemu/{vmid}/status/shutdown': power,
  'POST /nodes/{node}/qemu/{vmid}/status/start': power,
  'POST /nodes/{node}/qemu/{vmid}/status/stop': power,
  'POST /nodes/{node}/qemu/{vmid}/status/suspend': power,
  'POST /nodes/{node}/services/{service}/reload': ['/nodes/{node}', 'Sys.Modify'],
  'POST /nodes/{node}/services/{service}/restart': ['/nodes/{node}', 'Sys.Modify'],
  'POST /nodes/{node}/services/{service}/start': ['/nodes/{node}', 'Sys.Modify'],
  'POST /nodes/{node}/services/{service}/stop': ['/nodes/{node}', 'Sys.Modify'],
  'POST /nodes/{node}/status': ['/nodes/{node}', 'Sys.PowerMgmt'],
  'POST /nodes/{node}/storage/{storage}/content': ['/storage/{storage}', 'Datastore.AllocateSpace'],
  'PUT /cluster/ha/resources/{sid}': haChange,
  'PUT /cluster/ha/rules/{rule}': haChange,
  'PUT /cluster/options': ['/', 'Sys.Modify'],
  'PUT /nodes/{node}/lxc/{vmid}/config': CONFIG,
  'PUT /nodes/{node}/qemu/{vmid}/config': CONFIG,
  'PUT /nodes/{node}/qemu/{vmid}/firewall/options': firewall,
  'PUT /nodes/{node}/qemu/{vmid}/resize': ['/vms/{vmid}', 'VM.Config.Disk'],
};

/** Where a view of all that a user may do begins. */
const PLACES = ['/', '/access', '/access/groups', '/mapping', '/nodes', '/pool', '/sdn', '/storage', '/vms'];

export class Rights {
  readonly #files: ClusterFiles;

  constructor(files: ClusterFiles) {
    this.#files = files;
  }

  /** What a caller may do at some places: path → privileges. */
  async at(caller: Caller): Promise<(path: string) => Set<string>> {
    const access = await readAccess(this.#files);
    return (path) => privileges(access, caller, path);
  }

  /** Throws Refusal 403. */
  async check(call: string, caller: Caller, parameters: Record<string, unknown>): Promise<void> {
    const need = NEEDS[call];
    if (!need || (caller.user === 'root@pam' && caller.tokenId === undefined)) return;
    const path = need[0].replaceAll(/\{(\w+)\}/g, (_, name: string) => String(parameters[name]));
    await this.need(caller, path, need[1]);
  }

  /** Throws Refusal 403. @param wanted with `|` between those of which one is enough */
  async need(caller: Caller, path: string, wanted: string): Promise<void> {
    const granted = (await this.at(caller))(path);
    if (!wanted.split('|').some((privilege) => granted.has(privilege))) throw forbidden(path, wanted);
  }

  /** As `GET /access/permissions` shows it: path → privilege → 1 where it goes on below. */
  async overview(caller: Caller, only?: string): Promise<Record<string, Record<string, 0 | 1>>> {
    const access = await readAccess(this.#files);
    const paths =
      only === undefined ? new Set([...PLACES, ...access.entries.map(({ path }) => path)]) : new Set([only]);
    const rows = [...paths].map((path): [string, Record<string, 0 | 1>] => {
      const below = privileges(access, caller, path, true);
      const here = [...privileges(access, caller, path)];
      return [path, Object.fromEntries(here.map((privilege) => [privilege, below.has(privilege) ? 1 : 0]))];
    });
    return Object.fromEntries(rows.filter(([path, granted]) => only === path || Object.keys(granted).length > 0));
  }

  async roles(): Promise<{ roleid: string; privs: string; special: 0 | 1 }[]> {
    const row =
      (special: 0 | 1) =>
      ([roleid, privs]: [string, string[]]) => ({ roleid, privs: privs.join(','), special });
    return [...Object.entries(ROLES).map(row(1)), ...[...(await readAccess(this.#files)).roles].map(row(0))];
  }
}

/** Who has which privileges at which kind of thing, for a user interface. */
export async function capabilities(rights: Rights, caller: Caller): Promise<Record<string, Record<string, 1>>> {
  const at = await rights.at(caller);
  const kinds: [string, string, string[]][] = [
    ['access', '/access', ['Group.Allocate', 'Permissions.Modify', 'User.Modify']],
    ['dc', '/', ['SDN.Allocate', 'SDN.Audit', 'SDN.Use', 'Sys.Audit', 'Sys.Modify']],
    ['mapping', '/mapping', [...MAPPING, 'Permissions.Modify']],
    ['nodes', '/nodes', [...SYSTEM, 'Permissions.Modify']],
    ['sdn', '/sdn', [...NET, 'Permissions.Modify']],
    ['storage', '/storage', [...STORE, 'Permissions.Modify']],
    ['vms', '/vms', [...VM, 'Permissions.Modify']],
  ];
  return Object.fromEntries(
    kinds.map(([kind, path, names]) => [
      kind,
      Object.fromEntries(names.filter((name) => at(path).has(name)).map((name) => [name, 1])),
    ]),
  );
}

function privileges(access: Access, caller: Caller, path: string, onlyBelow = false): Set<string> {
  const ofUser = caller.user === 'root@pam' ? new Set(ALL) : granted(access, caller.user, path, onlyBelow);
  if (caller.tokenId === undefined || !access.tokens.get(nameOf(caller))?.separated) return ofUser;
  return granted(access, nameOf(caller), path, onlyBelow).intersection(ofUser);
}

/** By the entries nearest to the path: they take the place of those further up. */
function granted({ entries, roles }: Access, who: string, path: string, onlyBelow: boolean): Set<string> {
  const parts = path.split('/').filter((part) => part !== '');
  for (let length = parts.length; length >= 0; length -= 1) {
    const place = `/${parts.slice(0, length).join('/')}`;
    const isHere = length === parts.length;
    const fitting = entries.filter(
      (entry) => entry.who === who && entry.path === place && (entry.propagate || (isHere && !onlyBelow)),
    );
    if (fitting.length > 0) return new Set(fitting.flatMap(({ role }) => roles.get(role) ?? ROLES[role] ?? []));
  }
  return new Set();
}
