/** Rules laid on a namespace that is there: a quota, a policy for its network. The namespace stays; only the rule goes. */
import { isOfRun } from '../../verb.ts';
import type { Api } from '../api/api.ts';
import { ApiError, unlessGone } from '../api/api-error.ts';
import { type KubeObject, NAMESPACES, PODS, type Resource, RUN_LABEL } from '../api/objects.ts';
import { notOurs, notOursIn } from '../workload/deploy.ts';

const RULES: Record<Rule, { apiVersion: string; kind: string; resource: Resource }> = {
  quota: {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    resource: { group: '', version: 'v1', plural: 'resourcequotas', namespaced: true },
  },
  policy: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    resource: { group: 'networking.k8s.io', version: 'v1', plural: 'networkpolicies', namespaced: true },
  },
};

export const rules = ['quota', 'policy'] as const;
export type Rule = (typeof rules)[number];

/** Lays a rule on a namespace of the suite. */
export async function restrict(
  api: Api,
  namespace: string,
  { rule, name, run, spec }: { rule: Rule; name: string; run: string; spec: object },
): Promise<void> {
  const found = await api.read<KubeObject>(NAMESPACES, { name: namespace });
  if (found.metadata.labels?.[RUN_LABEL] === undefined) throw notOurs(namespace);
  const { apiVersion, kind, resource } = RULES[rule];
  const metadata = { name, namespace, labels: { [RUN_LABEL]: run } };
  await api.apply(resource, { namespace, name }, { apiVersion, kind, metadata, spec });
}

/** Takes a rule of the run away; gone already, or its namespace gone, is success. Throws PermanentError for somebody else's. */
export async function unrestrict(
  api: Api,
  place: { namespace: string; name: string },
  rule: Rule,
  ownRun: string | undefined,
): Promise<void> {
  const { kind, resource } = RULES[rule];
  const found = await unlessGone(api.read<KubeObject>(resource, place));
  if (!found) return;
  if (!isOfRun(found.metadata.labels?.[RUN_LABEL], ownRun)) throw notOursIn(place.namespace, `${kind} ${place.name}`);
  await unlessGone(api.delete(resource, place));
}

/** Why no pod may be made in a namespace, by the API's own word; null when one may. Nothing is made: it is a dry run. */
export async function refusalOf(api: Api, namespace: string): Promise<string | null> {
  const container = { name: 'none', image: 'registry.invalid/brownout/none:none' };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'brownout-question', namespace },
    spec: { containers: [container] },
  };
  try {
    await api.call(`/api/v1/namespaces/${encodeURIComponent(namespace)}/${PODS.plural}`, {
      method: 'POST',
      query: { dryRun: 'All' },
      body: pod,
    });
    return null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403 && /exceeded quota/.test(error.message)) return error.message;
    throw error;
  }
}
