import { OperatorError } from '../../units/operator-error.ts';
import { BEFORE_LABEL, type Labels, listServices, RUN_LABEL, type SwarmService } from './api.ts';
import type { Hosts, NodeHost } from './hosts.ts';

/** A service that was rolled carries this label: the run that did it. Its own `brownout.run` says who deployed it. */
const ROLLED_LABEL = `${RUN_LABEL}.rolled`;

/**
 * Replaces every member of a service by a new one, as its update policy says: with another image, or with the same when
 * none is given. Once a run: a service that carries the run's mark has been rolled already.
 */
export function rollService(
  hosts: Hosts,
  namespace: string,
  service: string,
  run: string,
  image?: string,
): Promise<void> {
  return hosts.manager(async (host) => {
    const found = await find(host, namespace, service);
    if (!found) throw new OperatorError(`there is no service ${service} in ${namespace} to roll`);
    const labels = found.Spec.Labels ?? {};
    if (labels[ROLLED_LABEL] === run) return;
    const { ContainerSpec, ForceUpdate = 0 } = found.Spec.TaskTemplate;
    const before = labels[BEFORE_LABEL] ?? ContainerSpec?.Image ?? '';
    await update(host, found, {
      labels: { ...labels, [ROLLED_LABEL]: run, [BEFORE_LABEL]: before },
      image: image ?? ContainerSpec?.Image,
      force: ForceUpdate + 1,
    });
  });
}

/** Gives a rolled service its old image back and takes the marks off. Without marks, or without the service: nothing. */
export function restoreService(hosts: Hosts, namespace: string, service: string): Promise<void> {
  return hosts.manager(async (host) => {
    const found = await find(host, namespace, service);
    if (!found) return;
    const { [ROLLED_LABEL]: rolled, [BEFORE_LABEL]: image, ...labels } = found.Spec.Labels ?? {};
    if (rolled === undefined) return;
    // The same image and the same count of forced updates: its members stay.
    await update(host, found, { labels, image, force: found.Spec.TaskTemplate.ForceUpdate ?? 0 });
  });
}

async function find(host: NodeHost, namespace: string, service: string): Promise<SwarmService | undefined> {
  const services = await listServices(host, namespace);
  return services.find(({ Spec }) => Spec.Name === `${namespace}_${service}`);
}

async function update(
  host: NodeHost,
  { ID, Version, Spec }: SwarmService,
  change: { labels: Labels; image: string | undefined; force: number },
): Promise<void> {
  const container = { ...Spec.TaskTemplate.ContainerSpec, Image: change.image };
  const task = { ...Spec.TaskTemplate, ContainerSpec: container, ForceUpdate: change.force };
  const spec = { ...Spec, Labels: change.labels, TaskTemplate: task };
  const options = { _query: { version: Version.Index }, _body: spec };
  await host.ask('update service', (api) => api.getService(ID).update(options));
}
