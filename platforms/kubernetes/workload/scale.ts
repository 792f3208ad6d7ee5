/** How many pods a controller has: changed for a while, and what it was before is noted on it. */

import { OperatorError } from '../../../units/operator-error.ts';
import type { Leftover } from '../../platform.ts';
import { isOfRun } from '../../verb.ts';
import type { Api } from '../api/api.ts';
import { unlessGone } from '../api/api-error.ts';
import { overConflicts } from '../api/conflict.ts';
import { type Controller, DAEMON_SETS, DEPLOYMENTS, type Resource, RUN_LABEL } from '../api/objects.ts';
import { SYSTEM } from '../state/inspect.ts';
import { find } from './roll.ts';

const REPLICAS_ANNOTATION = 'brownout.replicas';
/** The cluster's DNS is found by the label that kubeadm, and most others, give it. */
const DNS_LABEL = 'k8s-app=kube-dns';

/** Gives a service so many members; without a number, as many as it had before. */
export async function scaleService(api: Api, namespace: string, service: string, replicas?: number): Promise<void> {
  await overConflicts(async () => {
    const found = await find(api, namespace, service);
    if (!found && replicas === undefined) return;
    if (!found) throw new OperatorError(`there is no service ${service} in ${namespace} to scale`);
    if (found.resource === DAEMON_SETS) {
      throw new OperatorError(`${service} runs on every node (DaemonSet): it has no number of members to change`);
    }
    await setReplicas(api, found.resource, found.controller, replicas);
  });
}

/** Takes the cluster's DNS servers away: the Service of that name has nobody behind it any more. */
export async function stopNames(api: Api, run: string): Promise<void> {
  await overConflicts(async () => {
    const servers = await nameServers(api);
    if (servers.length === 0) {
      throw new OperatorError(`there is no Deployment with the label ${DNS_LABEL} in ${SYSTEM}`, {
        hint: 'this cluster resolves names in a way that the suite does not know',
      });
    }
    await Promise.all(servers.map((each) => setReplicas(api, DEPLOYMENTS, each, 0, run)));
  });
}

export async function startNames(api: Api, ownRun: string | undefined): Promise<void> {
  await overConflicts(async () => {
    const servers = (await nameServers(api)).filter(({ metadata }) => isOfRun(metadata.labels?.[RUN_LABEL], ownRun));
    await Promise.all(servers.map((each) => setReplicas(api, DEPLOYMENTS, each, undefined)));
  });
}

async function nameServers(api: Api): Promise<Controller[]> {
  return (await api.list<Controller>(DEPLOYMENTS, { namespace: SYSTEM }, { labelSelector: DNS_LABEL })).items;
}

export async function stoppedNames(api: Api, run: string | undefined): Promise<Leftover[]> {
  const own = run === undefined ? RUN_LABEL : `${RUN_LABEL}=${run}`;
  const servers = await unlessGone(
    api.listMetadata(DEPLOYMENTS, { namespace: SYSTEM }, { labelSelector: `${DNS_LABEL},${own}` }),
  );
  return (servers ?? []).map(({ metadata: { name, labels } }) => ({
    what: `${SYSTEM} ${name} stopped`,
    run: labels?.[RUN_LABEL] ?? '',
    remove: { verb: 'names.start', args: { namespace: SYSTEM } },
  }));
}

/**
 * @param replicas undefined: as many as before; nothing when it was not scaled
 * @param run the run that changes what it did not make
 */
async function setReplicas(
  api: Api,
  resource: Resource,
  { metadata, spec }: Controller,
  replicas: number | undefined,
  run?: string,
): Promise<void> {
  const { name, namespace, resourceVersion } = metadata;
  const before = metadata.annotations?.[REPLICAS_ANNOTATION];
  if (replicas === undefined && before === undefined) return;
  // What the suite deployed carries the run's label already, and keeps it.
  const labels = namespace === SYSTEM ? { labels: { [RUN_LABEL]: run ?? null } } : {};
  const was = replicas === undefined ? null : (before ?? String(spec.replicas ?? 1));
  const body = {
    metadata: { resourceVersion, ...labels, annotations: { [REPLICAS_ANNOTATION]: was } },
    spec: { replicas: replicas ?? Number(before) },
  };
  await api.patch(resource, { namespace, name }, body);
}
