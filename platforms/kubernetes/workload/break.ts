/** A change that goes wrong: a new version whose image is nowhere, or that never says that it is ready. */
import { OperatorError } from '../../../units/operator-error.ts';
import type { Api } from '../api/api.ts';
import { unlessGone } from '../api/api-error.ts';
import { overConflicts } from '../api/conflict.ts';
import { type Condition, type Controller, conditionOf, PODS, type Pod, STATEFUL_SETS } from '../api/objects.ts';
import { serviceOf } from '../state/members.ts';
import { find } from './roll.ts';

export const breakages = ['image', 'probe'] as const;
export type Breakage = (typeof breakages)[number];

/** What the service's container was before, as JSON, where the suite broke it. */
const BEFORE_ANNOTATION = 'brownout.broken';

/** Reserved names: no registry and no image can be called so. */
const NO_IMAGE = 'registry.invalid/brownout/none:none';
/** Nothing listens on port 1 of a container; so whatever the image has in it, this one never is ready. */
const NO_ANSWER = { tcpSocket: { port: 1 }, periodSeconds: 1 };

interface Before {
  image: string;
  readinessProbe: object | null;
}

/** How far a change of a service has come. */
export interface Change {
  /** The template is the broken one no more, though the suite did not restore it: the platform did. */
  rolledBack: boolean;
  /** Why the platform says that it goes no further, when it does. */
  stuck: string | null;
}

/** Changes a service's template for the worse. Once: what is broken already is left alone. */
export async function breakService(api: Api, namespace: string, service: string, how: Breakage): Promise<void> {
  await overConflicts(async () => {
    const found = await find(api, namespace, service);
    if (!found) throw new OperatorError(`there is no service ${service} in ${namespace} to change`);
    const { resource, controller, container, image } = found;
    if (controller.metadata.annotations?.[BEFORE_ANNOTATION] !== undefined) return;
    const before: Before = { image, readinessProbe: probeOf(controller, container) };
    const changed = how === 'image' ? { image: NO_IMAGE } : { readinessProbe: { $patch: 'replace', ...NO_ANSWER } };
    const { name, resourceVersion } = controller.metadata;
    await api.merge(
      resource,
      { namespace, name },
      {
        metadata: { resourceVersion, annotations: { [BEFORE_ANNOTATION]: JSON.stringify(before) } },
        ...withContainer({ name: container, ...changed }),
      },
    );
  });
}

/** Gives a broken service its former template back. Not broken, or gone: nothing is left to do. */
export async function mendService(api: Api, namespace: string, service: string): Promise<void> {
  const found = await mendTemplate(api, namespace, service);
  if (found?.resource === STATEFUL_SETS) await removeBroken(api, namespace, service, found.container);
}

/** A StatefulSet waits for its broken pod to be ready before it replaces it, so for ever: whoever rolls back has to delete the pod. */
async function removeBroken(api: Api, namespace: string, service: string, container: string): Promise<void> {
  const { items } = await api.list<Pod>(PODS, { namespace });
  const isBroken = (pod: Pod) => {
    const own = pod.spec.containers.find(({ name }) => name === container);
    return own?.image === NO_IMAGE || own?.readinessProbe?.tcpSocket?.port === NO_ANSWER.tcpSocket.port;
  };
  const broken = items.filter((pod) => serviceOf(pod) === service && isBroken(pod));
  await Promise.all(
    broken.map(({ metadata: { name, uid } }) =>
      unlessGone(api.delete(PODS, { namespace, name }, { preconditions: { uid } })),
    ),
  );
}

/** @returns the controller, undefined where it is gone */
function mendTemplate(api: Api, namespace: string, service: string): ReturnType<typeof find> {
  return overConflicts(async () => {
    const found = await find(api, namespace, service);
    const noted = found?.controller.metadata.annotations?.[BEFORE_ANNOTATION];
    if (!found || noted === undefined) return found;
    const { image, readinessProbe } = JSON.parse(noted) as Before;
    const { name, resourceVersion } = found.controller.metadata;
    await api.merge(
      found.resource,
      { namespace, name },
      {
        metadata: { resourceVersion, annotations: { [BEFORE_ANNOTATION]: null } },
        ...withContainer({
          name: found.container,
          image,
          readinessProbe: readinessProbe && { $patch: 'replace', ...readinessProbe },
        }),
      },
    );
    return found;
  });
}

export async function changeOf(api: Api, namespace: string, service: string): Promise<Change> {
  const found = await find(api, namespace, service);
  if (!found) throw new OperatorError(`there is no service ${service} in ${namespace}`);
  const { controller, container, image } = found;
  const noted = controller.metadata.annotations?.[BEFORE_ANNOTATION];
  const reported = controller as Controller & { status: { conditions?: Condition[] } };
  const [progressing, refused] = [conditionOf(reported, 'Progressing'), conditionOf(reported, 'ReplicaFailure')];
  const now: Before = { image, readinessProbe: probeOf(controller, container) };
  return {
    rolledBack: noted === JSON.stringify(now),
    stuck:
      (refused?.status === 'True' ? refused.message : undefined) ??
      (progressing?.status === 'False' ? (progressing.message ?? progressing.reason) : undefined) ??
      null,
  };
}

function probeOf({ spec }: Controller, container: string): object | null {
  return spec.template.spec.containers.find(({ name }) => name === container)?.readinessProbe ?? null;
}

function withContainer(container: object) {
  return { spec: { template: { spec: { containers: [container] } } } };
}
