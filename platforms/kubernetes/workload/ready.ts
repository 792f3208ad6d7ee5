import { OperatorError } from '../../../units/operator-error.ts';
import { few } from '../../../units/words.ts';
import type { Deployment, Member } from '../../platform.ts';
import type { Api } from '../api/api.ts';
import { follow } from '../api/follow.ts';
import { type KubeNode, NODES, PODS, type Pod } from '../api/objects.ts';
import { complaintOf, isKept, serviceOf, toMember } from '../state/members.ts';
import { takesMembers } from '../state/nodes.ts';

/** Resolves once every service has its ready members: by a watch, so without delay and without polling. */
export async function untilReady(
  api: Api,
  { namespace, services }: Pick<Deployment, 'namespace' | 'services'>,
  timeout: number,
  signal?: AbortSignal,
  tell: (missing: string[]) => void = () => {},
): Promise<void> {
  signal?.throwIfAborted();
  const late = AbortSignal.timeout(timeout);
  const done = new AbortController();
  const ended = AbortSignal.any([late, done.signal, ...(signal ? [signal] : [])]);
  const pods = new Map<string, Pod>();
  const places = Object.values(services).includes('all') ? await countPlaces(api) : 0;
  let failure: Error | undefined;
  const look = () => {
    const missing = missingMembers(services, [...pods.values()], places);
    tell(missing);
    if (missing.length === 0) done.abort();
  };
  await follow<Pod>(
    api,
    { resource: PODS, place: { namespace } },
    {
      listed(all) {
        pods.clear();
        for (const pod of all) pods.set(pod.metadata.name, pod);
        look();
      },
      changed(pod) {
        pods.set(pod.metadata.name, pod);
        look();
      },
      removed({ metadata }) {
        pods.delete(metadata.name);
        look();
      },
      refused(error) {
        failure = error;
      },
    },
    ended,
  );
  if (done.signal.aborted) return;
  signal?.throwIfAborted();
  if (failure) throw failure;
  const missing = missingMembers(services, [...pods.values()], places);
  throw new OperatorError(`${namespace} is not ready after ${Math.round(timeout / 1000)} s: ${missing.join('; ')}`, {
    hint: `kubectl --namespace ${namespace} get pods,events tells more`,
  });
}

async function countPlaces(api: Api): Promise<number> {
  const { items } = await api.list<KubeNode>(NODES);
  return items.filter(takesMembers).length;
}

/** One line for each service with missing members, with what its pods complain of. */
function missingMembers(services: Deployment['services'], all: Pod[], places: number): string[] {
  const members = all.flatMap((pod): { pod: Pod; member: Member }[] => {
    const member = toMember(pod);
    return member ? [{ pod, member }] : [];
  });
  return Object.entries(services).flatMap(([service, count]) => {
    const need = count === 'all' ? places : count;
    const own = members.filter(({ member }) => member.service === service);
    const ready = own.filter(({ member }) => member.ready).length;
    if (ready >= need) return [];
    const pods = all.filter((pod) => serviceOf(pod) === service);
    if (pods.length === 0) return [`${service}: no pod yet`];
    if (!pods.some(isKept)) {
      return [
        `${service}: no controller keeps ${few(pods.map(({ metadata }) => metadata.name))} (a Job's pod, or one by itself)`,
      ];
    }
    const complaints = own.flatMap(({ pod, member }) => (member.ready ? [] : (complaintOf(pod) ?? [])));
    return [`${service}: ${ready} of ${need} ready${complaints[0] ? ` (${complaints[0]})` : ''}`];
  });
}
