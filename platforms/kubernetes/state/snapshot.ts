import type { Leftover } from '../../platform.ts';
import { holderOf, LOCK_NAME, LOCK_NAMESPACE } from '../acts/lock.ts';
import type { Api } from '../api/api.ts';
import { unlessGone } from '../api/api-error.ts';
import {
  BEFORE_ANNOTATION,
  type Controller,
  DAEMON_SETS,
  DEPLOYMENTS,
  isTrue,
  type KubeNode,
  type KubeObject,
  LEASES,
  type Lease,
  NAMESPACE_LABEL,
  NAMESPACES,
  NODES,
  PODS,
  PRIORITY_CLASSES,
  RUN_LABEL,
  STATEFUL_SETS,
  VOLUMES,
  type Volume,
} from '../api/objects.ts';
import { SYSTEM } from './inspect.ts';
import { isControlPlane } from './nodes.ts';

/**
 * The same cluster gives the same text, whatever passed in between; see `Platform.snapshot`. A handful of requests. Of what others
 * make and remove meanwhile nothing is reported.
 *
 * @param allowed which namespaces are the suite's
 */
export async function snapshotKubernetes(
  api: Api,
  allowed: (namespace: string) => boolean,
): Promise<Record<string, string>> {
  const [nodes, namespaces, volumes, classes, system, marked] = await Promise.all([
    api.list<KubeNode>(NODES),
    api.listMetadata(NAMESPACES),
    api.list<Volume>(VOLUMES),
    api.listMetadata(PRIORITY_CLASSES, {}, { labelSelector: RUN_LABEL }),
    Promise.all([DEPLOYMENTS, DAEMON_SETS].map((resource) => api.list<Controller>(resource, { namespace: SYSTEM }))),
    Promise.all(
      [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, PODS].map((resource) =>
        api.listMetadata(resource, {}, { labelSelector: RUN_LABEL }),
      ),
    ),
  ]);
  const names = (kind: string, objects: KubeObject[]) =>
    objects.map(({ metadata }): [string, string] => [`${kind} ${metadata.name}`, marksOf(metadata)]);
  const lines: [string, string][] = [
    ...nodes.items.map((node): [string, string] => [`node ${node.metadata.name}`, describeNode(node)]),
    ...names(
      'namespace',
      namespaces.filter(({ metadata: { name, labels } }) => allowed(name) || labels?.[RUN_LABEL] !== undefined),
    ),
    ...names(
      'volume',
      volumes.items.filter(({ spec }) => allowed(spec.claimRef?.namespace ?? '')),
    ),
    ...names('priority class', classes),
    ...system.flatMap(({ items }) =>
      items.map(({ metadata, spec }): [string, string] => [
        `${SYSTEM} ${metadata.name}`,
        [`${spec.replicas ?? 'one a node'}`, marksOf(metadata)].join(' '),
      ]),
    ),
    ...marked
      .flat()
      // What a controller makes comes and goes with it.
      .filter(({ metadata }) => metadata.ownerReferences === undefined)
      .map(({ metadata }): [string, string] => [`of a run: ${metadata.namespace}/${metadata.name}`, marksOf(metadata)]),
  ];
  return Object.fromEntries(lines.sort(([a], [b]) => a.localeCompare(b)));
}

/** kubelet's own, which stay for minutes after their cause has gone (evictionPressureTransitionPeriod). */
const PRESSURE = /^node\.kubernetes\.io\/(memory|disk|pid)-pressure$/;

function describeNode(node: KubeNode): string {
  const { unschedulable, taints = [] } = node.spec;
  return [
    isControlPlane(node) ? 'control-plane' : 'worker',
    isTrue(node, 'Ready') ? 'ready' : 'not ready',
    unschedulable ? 'cordoned' : 'active',
    ...taints
      .filter(({ key }) => !PRESSURE.test(key))
      .map(({ key, value = '', effect }) => `${key}=${value}:${effect}`)
      .sort(),
    marksOf(node.metadata),
  ]
    .filter(Boolean)
    .join(' ');
}

/** Labels and annotations of the suite. */
function marksOf({ labels = {}, annotations = {} }: KubeObject['metadata']): string {
  return Object.entries({ ...labels, ...annotations })
    .filter(([key]) => key.startsWith('brownout.'))
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(' ');
}

/** All that carries the suite's label, of one run or of any; one leftover for a whole namespace. */
export async function leftoversOfKubernetes(api: Api, run: string | undefined): Promise<Leftover[]> {
  const labelSelector = run === undefined ? RUN_LABEL : `${RUN_LABEL}=${run}`;
  const [nodes, namespaces, classes, lock] = await Promise.all([
    api.listMetadata(NODES, {}, { labelSelector }),
    api.listMetadata(NAMESPACES, {}, { labelSelector }),
    api.listMetadata(PRIORITY_CLASSES, {}, { labelSelector }),
    unlessGone(api.read<Lease>(LEASES, { namespace: LOCK_NAMESPACE, name: LOCK_NAME })),
  ]);
  const runOf = ({ metadata }: KubeObject) => metadata.labels?.[RUN_LABEL] ?? '';
  const holder = lock && holderOf(lock);
  // What is in no namespace is removed with the namespace it was made for, also when that one is gone.
  const orphans = classes.flatMap((each) => {
    const namespace = each.metadata.labels?.[NAMESPACE_LABEL];
    if (namespace === undefined || namespaces.some(({ metadata }) => metadata.name === namespace)) return [];
    return [{ what: `priority class ${each.metadata.name}`, run: runOf(each), namespace }];
  });
  return [
    ...nodes.map((node) => ({
      what: `node ${node.metadata.name} changed`,
      run: runOf(node),
      remove: {
        verb: 'node.availability',
        args: { node: node.metadata.name, availability: node.metadata.annotations?.[BEFORE_ANNOTATION] ?? 'active' },
      },
    })),
    // What acts on a namespace has a longer name, and goes first.
    ...namespaces
      .toSorted(
        (a, b) => b.metadata.name.length - a.metadata.name.length || a.metadata.name.localeCompare(b.metadata.name),
      )
      .map((namespace) => ({
        what: `namespace ${namespace.metadata.name}`,
        run: runOf(namespace),
        remove: { verb: 'remove', args: { namespace: namespace.metadata.name } },
      })),
    ...orphans.map(({ what, run, namespace }) => ({ what, run, remove: { verb: 'remove', args: { namespace } } })),
    ...(holder !== undefined && (run === undefined || holder === run)
      ? [{ what: 'the lock on this cluster', run: holder, remove: { verb: 'lock.release', args: { run: holder } } }]
      : []),
  ];
}
