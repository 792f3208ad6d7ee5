/** Who uses what is left of a stack: Docker says that a volume or a network is in use, and by an ID at most. */
import { labelled, listServices, STACK_LABEL } from './api.ts';
import type { Hosts, NodeHost } from './hosts.ts';

/** One line each: `volume x_data on w1: used by container other`. What cannot be asked is left out. */
export async function usersOf(hosts: Hosts, namespace: string): Promise<string[]> {
  const [ofServices, answers] = await Promise.all([
    hosts.read((host) => servicesOn(host, namespace)).catch(() => []),
    hosts.each((host) => containersOn(host, namespace)),
  ]);
  return [...ofServices, ...answers.flatMap((answer) => ('value' in answer ? answer.value : []))];
}

async function servicesOn(host: NodeHost, namespace: string): Promise<string[]> {
  const filters = labelled(STACK_LABEL, namespace);
  const [networks, services] = await Promise.all([
    host.ask('list networks', (api) => api.listNetworks({ filters })),
    listServices(host),
  ]);
  return networks.flatMap(({ Id, Name }) =>
    services
      .filter(({ Spec }) => Spec.TaskTemplate.Networks?.some(({ Target }) => Target === Id || Target === Name))
      .map(({ Spec }) => `network ${Name}: used by service ${Spec.Name}`),
  );
}

async function containersOn(host: NodeHost, namespace: string): Promise<string[]> {
  const filters = labelled(STACK_LABEL, namespace);
  const [{ Volumes: volumes }, networks] = await Promise.all([
    host.ask('list volumes', (api) => api.listVolumes({ filters })),
    host.ask('list networks', (api) => api.listNetworks({ filters })),
  ]);
  const things = [
    ...(volumes ?? []).map(({ Name }) => ({ what: 'volume', name: Name, filter: { volume: [Name] } })),
    ...networks.map(({ Id, Name }) => ({ what: 'network', name: Name, filter: { network: [Id] } })),
  ];
  const users = await Promise.all(
    things.map(async ({ what, name, filter }) => {
      const containers = await host.ask(`list users of ${name}`, (api) =>
        api.listContainers({ all: true, filters: filter }),
      );
      return containers.map(
        ({ Names, Id, State }) =>
          `${what} ${name} on ${host.node}: used by container ${Names[0]?.replace(/^\//, '') ?? Id.slice(0, 12)} (${State})`,
      );
    }),
  );
  return users.flat();
}
