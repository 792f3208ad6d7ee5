import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withLock } from '../../processes/lock.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { install, linkState, logTail, type Machine, powerOn, restoreLink } from '../host.ts';
import { isCurrent } from '../image/store.ts';
import { requireRoot } from '../lab.ts';
import { createNetwork, refuseClash } from '../network.ts';
import type { Progress } from '../progress.ts';
import { ensurePackages, installLabPackages } from '../setup.ts';
import { type Api, ApiError, apiOf, steadily } from './api.ts';
import { configure } from './configure.ts';
import { kubernetesPrograms } from './go.ts';
import { type ContainerdStore, containerdStore, DNS_IMAGE, shareContainerdStore } from './images.ts';
import { controlPlanesOf, kubernetesLab, type Seat, type Settings, seats } from './layout.ts';
import { edgeMachine, nodeMachine } from './machines.ts';
import { CONTAINERD_ROOT } from './node.ts';
import { FOLDERS, KUBECONFIG, type Notes, readNotes, writeNotes } from './notes.ts';
import { clusterObjects, DNS_DEPLOYMENT, DNS_REPLICAS, type KubernetesObject } from './objects.ts';

/** How long the API and the nodes may take: ten times what a busy computer needs. */
const PATIENCE_MS = 120_000;

/** Debian packages that the nodes' programs need, in addition to those of every lab. */
const PACKAGES = ['containerd', 'runc', 'containernetworking-plugins', 'nftables', 'iptables', 'ipset', 'curl'];

/** Installs what the Kubernetes lab needs from Debian, and builds its programs and images. */
export async function kubernetesBuild(progress: Progress): Promise<Pick<Notes, 'programs' | 'store'>> {
  requireRoot();
  await installLabPackages(progress);
  await ensurePackages(PACKAGES, progress);
  const programs = await kubernetesPrograms(progress);
  return { programs, store: await containerdStore(programs, progress) };
}

/**
 * Brings the cluster up from nothing, or from whatever is there: machines that are off are powered on, cut links restored.
 * Resolves when every node is ready.
 *
 * @param wanted settings; undefined ones are as they were, or the defaults for a new lab
 */
export async function kubernetesUp(wanted: Partial<Settings>, progress: Progress): Promise<void> {
  requireRoot();
  await withLock(
    kubernetesLab.name,
    'lab up kubernetes',
    async () => {
      // Before the notes are written: a lab that cannot be started must not look like one that is half up.
      await refuseClash(kubernetesLab.network!);
      const notes = await settle(wanted, progress);
      const all = seats(notes);
      await createNetwork(kubernetesLab.network!);
      await configure(FOLDERS.config, all, notes);
      await powerOnAll(all, notes, progress);
      const api = await apiOf(KUBECONFIG);
      try {
        await furnish(api, all, progress);
      } finally {
        api.close();
      }
    },
    (holder) => progress(`waiting for ${holder}`),
  );
}

/** The settings of the lab that is there, or those of a new one, on disk before anything is started. */
async function settle(wanted: Partial<Settings>, progress: Progress): Promise<Notes> {
  const before = await readNotes();
  if (!before) {
    const notes = {
      controlPlanes: wanted.controlPlanes ?? 1,
      timers: wanted.timers ?? 'default',
      ...(await kubernetesBuild(progress)),
    } satisfies Notes;
    await mkdir(FOLDERS.shared, { recursive: true });
    await writeNotes(notes);
    return notes;
  }
  const again = 'brownout lab down kubernetes, then up again';
  for (const key of ['controlPlanes', 'timers'] as const) {
    if (wanted[key] === undefined || wanted[key] === before[key]) continue;
    throw new OperatorError(`the lab is up with ${describe(before)}, which cannot be changed now`, { hint: again });
  }
  for (const folder of [before.programs, before.store.folder]) {
    if (existsSync(folder)) continue;
    throw new OperatorError(`what the lab runs on is gone from the cache (${folder})`, { hint: again });
  }
  if (!(await isCurrent(before.store.images, progress))) {
    progress('note: the workloads have changed since this lab was started; it keeps its images until it is taken down');
  }
  return before;
}

function describe({ controlPlanes, timers }: Settings): string {
  return `${controlPlanes} control plane${controlPlanes === 1 ? '' : 's'} and ${timers} timers`;
}

async function powerOnAll(all: Seat[], notes: Notes, progress: Progress): Promise<void> {
  progress(`powering on ${all.map(({ name }) => name).join(', ')} and the edge`);
  const folders = { ...FOLDERS, programs: notes.programs };
  const start = async (machine: Machine, fill?: (disk: string) => Promise<void>) => {
    await install(kubernetesLab, machine, fill);
    if (linkState(kubernetesLab, machine.name) === 'cut') await restoreLink(kubernetesLab, machine.name);
    await powerOn(kubernetesLab, machine);
  };
  await Promise.all([
    start(edgeMachine(folders)),
    ...all.map((seat) => start(nodeMachine(seat, all, notes, folders), (disk) => fillDisk(notes.store, disk))),
  ]);
}

/** A node starts with its images, and keeps them over power cycles. */
async function fillDisk(store: ContainerdStore, disk: string): Promise<void> {
  await mkdir(join(disk, dirname(CONTAINERD_ROOT)), { recursive: true });
  await shareContainerdStore(store, join(disk, CONTAINERD_ROOT));
}

/** Nodes, or pods. */
interface Conditioned {
  items: { metadata: { name: string }; status: { conditions?: { type: string; status: string }[] } }[];
}

/** Names of the nodes that are ready, as the control plane reports. */
export function readyNodes(api: Api): Promise<Set<string>> {
  return readyOf(api, '/api/v1/nodes');
}

async function readyOf(api: Api, path: string): Promise<Set<string>> {
  const { items } = await api.get<Conditioned>(path);
  const ready = items.filter(({ status }) =>
    status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True'),
  );
  return new Set(ready.map(({ metadata }) => metadata.name));
}

/** Creates what the cluster has besides its control plane, and waits until its nodes are ready and names are resolved. */
async function furnish(api: Api, all: Seat[], progress: Progress): Promise<void> {
  progress('waiting for the API');
  const planes = controlPlanesOf(all);
  await steadily(PATIENCE_MS, () => api.get('/readyz')).catch(async (cause: Error) => {
    const log = await logTail(kubernetesLab, planes[0]!.name, 'kubelet');
    throw new OperatorError(`${cause.message}; the log of kubelet on '${planes[0]!.name}' ends:\n${log}`, { cause });
  });
  for (const object of clusterObjects(DNS_IMAGE)) await steadily(PATIENCE_MS, () => api.apply(object));
  progress('waiting until every node is ready');
  await steadily(PATIENCE_MS, async () => {
    const ready = await readyNodes(api);
    const late = all.filter(({ name }) => !ready.has(name)).map(({ name }) => name);
    if (late.length > 0) throw new ApiError(`not ready: ${late.join(', ')}`, undefined);
  });
  // A node may not set this role label itself, so that none can declare itself a control plane.
  for (const { name } of planes) await steadily(PATIENCE_MS, () => api.apply(controlPlaneLabel(name)));
  progress('waiting until names are resolved');
  await steadily(PATIENCE_MS, async () => {
    const { status } = await api.get<{ status: { readyReplicas?: number } }>(DNS_DEPLOYMENT);
    if ((status.readyReplicas ?? 0) < DNS_REPLICAS) throw new ApiError('CoreDNS does not become ready', undefined);
  });
  // The control plane answers before kubelet has reported its static pods to the API: until then, a query for them shows a quorum of 0.
  await steadily(PATIENCE_MS, async () => {
    const ready = await readyOf(api, '/api/v1/namespaces/kube-system/pods?labelSelector=component%3Detcd');
    if (ready.size < planes.length) throw new ApiError('the pods of etcd are not ready', undefined);
  });
}

function controlPlaneLabel(name: string): KubernetesObject {
  const labels = { 'node-role.kubernetes.io/control-plane': '' };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
}
