import type { Leftover } from '../../platform.ts';
import { locksAmong } from '../acts/lock.ts';
import { maintenancesAmong } from '../acts/maintenance.ts';
import { policyNoteAmong } from '../acts/shutdown-policy.ts';
import type { Api } from '../api/api.ts';
import { kindOf } from '../api/guest-calls.ts';
import { unlessGone } from '../api/unless-gone.ts';
import type { ProxmoxCluster } from '../cluster.ts';
import { runOf } from '../workload/remove.ts';
import { markOf, namespacesOf } from './tags.ts';
import { toldGuests } from './untold.ts';
import type { Viewer } from './view.ts';

/** The same cluster gives the same text, whatever passed in between; see `Platform.snapshot`. Locks are the runs' own affair. */
export async function snapshotProxmox(
  api: Api,
  viewer: Viewer,
  cluster: ProxmoxCluster,
): Promise<Record<string, string>> {
  const view = await viewer.look();
  const [guests, resources, rules, groups, options, volumes] = await Promise.all([
    toldGuests(api, view),
    api.get('/cluster/ha/resources'),
    unlessGone(api.get('/cluster/ha/rules')),
    unlessGone(api.get('/cluster/ha/groups')),
    api.get('/cluster/options'),
    volumesOf(api, cluster, view.nodes.find((node) => node.online)?.name),
  ]);
  const lines: [string, string][] = [
    ...view.nodes.map(({ name, online, ha }): [string, string] => [
      `node ${name}`,
      `${online ? 'online' : 'offline'}, ${ha ?? 'without HA'}`,
    ]),
    ...guests.map(({ vmid, name, node, status, tags, lock, template }): [string, string] => [
      `guest ${vmid}`,
      [name, 'on', node, template ? 'template' : status, tags && `tags ${tags}`, lock && `locked ${lock}`]
        .filter(Boolean)
        .join(' '),
    ]),
    ...resources.map(({ sid, state, max_restart, max_relocate, failback, group }): [string, string] => [
      `HA resource ${sid}`,
      `${state}, restart ${max_restart}, relocate ${max_relocate}, failback ${failback}${group === undefined ? '' : `, group ${group}`}`,
    ]),
    ...(rules ?? []).map(({ rule, type, resources: of, nodes, affinity, strict, disable }): [string, string] => [
      `HA rule ${rule}`,
      [type, of, nodes, affinity, strict && 'strict', disable && 'disabled'].filter(Boolean).join(' '),
    ]),
    ...(groups ?? []).map(({ group, nodes }): [string, string] => [`HA group ${group}`, nodes]),
    ['HA shutdown policy', options.ha?.shutdown_policy ?? 'as usual'],
    ...volumes.map((volid): [string, string] => [`volume ${volid}`, 'there']),
  ];
  return Object.fromEntries(lines.sort(([a], [b]) => a.localeCompare(b)));
}

async function volumesOf(api: Api, { storage }: ProxmoxCluster, node: string | undefined): Promise<string[]> {
  if (storage === undefined || node === undefined) return [];
  const volumes = await api.get('/nodes/{node}/storage/{storage}/content', { node, storage });
  return volumes.filter(({ vmid }) => vmid !== undefined).map(({ volid }) => volid);
}

/** All that carries a run's mark; one leftover for all guests of a namespace. */
export async function leftoversOfProxmox(api: Api, viewer: Viewer, run: string | undefined): Promise<Leftover[]> {
  const [{ guests }, pools, rules, groups] = await Promise.all([
    viewer.look(),
    api.get('/pools'),
    unlessGone(api.get('/cluster/ha/rules')),
    unlessGone(api.get('/cluster/ha/groups')),
  ]);
  const isOurs = (its: string | undefined) => its !== undefined && (run === undefined || its === run.toLowerCase());
  const marked = guests.flatMap(({ vmid, type, tags }) => {
    const mark = kindOf(type) === undefined ? undefined : markOf(tags);
    if (!mark || !isOurs(mark.run)) return [];
    return namespacesOf(tags).map((namespace) => ({ vmid, run: mark.run, namespace }));
  });
  const byPlace = Map.groupBy(marked, (one) => `${one.namespace} ${one.run}`);
  const known = new Set(marked.map(({ namespace }) => namespace));
  // Of PVE 9, and of PVE 8.
  const placed = [
    ...(rules ?? []).map(({ rule, comment }) => ({ what: 'HA rule', name: rule, comment })),
    ...(groups ?? []).map(({ group, comment }) => ({ what: 'HA group', name: group, comment })),
  ].flatMap(({ what, name, comment }) => {
    const its = runOf(comment);
    // It goes with its namespace, whose name is all of its own but the service.
    const namespace = name.replace(/-[a-z0-9]+$/, '');
    return isOurs(its) && !known.has(namespace) ? [{ what: `${what} ${name}`, namespace, run: its! }] : [];
  });
  return [
    // Noisy neighbours before what they lean on.
    ...[...byPlace.values()]
      .sort(([a], [b]) => b!.namespace.length - a!.namespace.length || a!.namespace.localeCompare(b!.namespace))
      .map((members) => ({
        what: `guests of ${members[0]!.namespace} (${members.map(({ vmid }) => vmid).join(', ')})`,
        run: members[0]!.run,
        remove: { verb: 'remove', args: { namespace: members[0]!.namespace } },
      })),
    ...placed.map(({ what, namespace, run: its }) => ({
      what,
      run: its,
      remove: { verb: 'remove', args: { namespace } },
    })),
    ...maintenancesAmong(pools)
      .filter((each) => isOurs(each.run))
      .map(({ node, run: its, before }) => ({
        what: `maintenance of node ${node}`,
        run: its,
        remove: { verb: 'node.availability', args: { node, availability: before } },
      })),
    ...[policyNoteAmong(pools)]
      .filter((note) => note !== undefined && isOurs(note.run))
      .map((note) => ({
        what: `the shutdown policy of the cluster (${note!.set}, before ${note!.before})`,
        run: note!.run,
        remove: { verb: 'shutdown-policy.restore', args: { run: note!.run } },
      })),
    ...locksAmong(pools)
      .filter((lock) => isOurs(lock.run))
      .map((lock) => ({
        what: 'the lock on this cluster',
        run: lock.run,
        remove: { verb: 'lock.release', args: { run: lock.run } },
      })),
  ];
}
