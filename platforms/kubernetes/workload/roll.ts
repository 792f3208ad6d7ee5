import { OperatorError } from '../../../units/operator-error.ts';
import type { Api } from '../api/api.ts';
import { overConflicts } from '../api/conflict.ts';
import {
  BEFORE_ANNOTATION,
  type Controller,
  DAEMON_SETS,
  DEPLOYMENTS,
  type Pod,
  type Resource,
  STATEFUL_SETS,
} from '../api/objects.ts';
import { mainContainer, serviceOf } from '../state/members.ts';

/** What was rolled carries this: the run that did it. Its label `brownout.run` says who deployed it. */
const ROLLED_ANNOTATION = 'brownout.rolled';
/** As `kubectl rollout restart` marks it. */
const RESTARTED_ANNOTATION = 'kubectl.kubernetes.io/restartedAt';
const CONTROLLERS = [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS] as const;

interface Found {
  resource: Resource;
  controller: Controller;
  container: string;
  image: string;
}

/**
 * Replaces every pod of a service by a new one, as its update strategy says: with another image, or with the same when none is
 * given. Once a run: what carries the run's mark has been rolled already.
 */
export async function rollService(
  api: Api,
  namespace: string,
  service: string,
  run: string,
  image?: string,
): Promise<void> {
  await changing(api, namespace, service, ({ controller, container, image: now }) => {
    const { annotations = {} } = controller.metadata;
    if (annotations[ROLLED_ANNOTATION] === run) return undefined;
    return {
      metadata: {
        annotations: { [ROLLED_ANNOTATION]: run, [BEFORE_ANNOTATION]: annotations[BEFORE_ANNOTATION] ?? now },
      },
      ...templateWith(container, image ?? now, { [RESTARTED_ANNOTATION]: new Date().toISOString() }),
    };
  });
}

/** Gives a service that was rolled its old image back and takes the marks off. Without marks, or without the service: nothing. */
export async function restoreService(api: Api, namespace: string, service: string): Promise<void> {
  await changing(
    api,
    namespace,
    service,
    ({ controller, container }) => {
      const { annotations = {} } = controller.metadata;
      const before = annotations[BEFORE_ANNOTATION];
      if (annotations[ROLLED_ANNOTATION] === undefined) return undefined;
      return {
        metadata: { annotations: { [ROLLED_ANNOTATION]: null, [BEFORE_ANNOTATION]: null } },
        // The same image: its pods stay. The mark of the restart stays in the template, or they would be replaced once more.
        ...(before === undefined ? {} : templateWith(container, before, {})),
      };
    },
    true,
  );
}

function templateWith(container: string, image: string, annotations: Record<string, string>) {
  return { spec: { template: { metadata: { annotations }, spec: { containers: [{ name: container, image }] } } } };
}

async function changing(
  api: Api,
  namespace: string,
  service: string,
  change: (found: Found) => object | undefined,
  mayBeGone = false,
): Promise<void> {
  await overConflicts(async () => {
    const found = await find(api, namespace, service);
    if (!found && mayBeGone) return;
    if (!found) throw new OperatorError(`there is no service ${service} in ${namespace} to roll`);
    const body = change(found);
    if (!body) return;
    const { name, resourceVersion } = found.controller.metadata;
    await api.merge(found.resource, { namespace, name }, withVersion(body, resourceVersion));
  });
}

function withVersion(body: object, resourceVersion: string | undefined): object {
  const { metadata = {} } = body as { metadata?: object };
  return { ...body, metadata: { ...metadata, resourceVersion } };
}

/** The one that makes the pods of a service: those that carry its name in the label `app`. */
export async function find(api: Api, namespace: string, service: string): Promise<Found | undefined> {
  for (const resource of CONTROLLERS) {
    const { items } = await api.list<Controller>(resource, { namespace });
    const controller = items.find(
      ({ spec }) => serviceOf({ metadata: { name: '', ...spec.template.metadata } }) === service,
    );
    if (!controller) continue;
    const { metadata, spec } = controller.spec.template;
    const container = mainContainer({ metadata: { name: '', ...metadata }, spec, status: {} } satisfies Pod);
    const image = spec.containers.find(({ name }) => name === container)?.image ?? '';
    return { resource, controller, container, image };
  }
  return undefined;
}
