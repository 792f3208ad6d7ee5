/**
 * Which rights over the API a run takes: what the code really calls, and nothing else. Each verb and query says its own; here is what
 * every run needs beside them. The lab's test carries every verb out as an account that has these rights only.
 */
import { stringify } from 'yaml';
import type { Right } from '../../platform.ts';
import type { Api } from '../api/api.ts';
import { APPS, type Rule } from './entry.ts';
import { queries, verbs } from './index.ts';

const READ = ['get', 'list', 'watch'];

/** What every run does beside its verbs: look, watch, read back. */
const ALWAYS: Rule[] = [
  { resources: ['nodes', 'pods'], verbs: READ },
  { resources: ['events'], verbs: ['list', 'watch'] },
  { resources: ['namespaces'], verbs: ['list'] },
  { resources: ['persistentvolumes'], verbs: ['list'] },
  { resources: ['pods/exec'], verbs: ['create', 'get'] },
  // kubelet's own word on its pods, and whether it answers.
  { resources: ['nodes/proxy'], verbs: ['get'] },
  { group: 'apps', resources: APPS, verbs: ['list'] },
  { group: 'discovery.k8s.io', resources: ['endpointslices'], verbs: ['list', 'watch'] },
  { group: 'scheduling.k8s.io', resources: ['priorityclasses'], verbs: ['list'] },
  { group: 'coordination.k8s.io', resources: ['leases'], verbs: READ },
];

/** One thing that may be done to one resource, and the verbs that need it. */
interface Need {
  group: string;
  resource: string;
  verb: string;
  by: string[];
}

/** Everything that these verbs need, each once. */
function needsOf(names: readonly string[]): Need[] {
  const needs = new Map<string, Need>();
  const add = (by: string, rules: readonly Rule[]) => {
    for (const { group = '', resources, verbs: allowed } of rules) {
      for (const resource of resources) {
        for (const verb of allowed) {
          const key = `${group}/${resource} ${verb}`;
          const need = needs.get(key) ?? { group, resource, verb, by: [] };
          if (!need.by.includes(by)) need.by.push(by);
          needs.set(key, need);
        }
      }
    }
  };
  add('every run', ALWAYS);
  for (const name of names) add(name, (verbs[name] ?? queries[name])?.rights ?? []);
  return [...needs.values()];
}

/** Asks the API about each right: may the suite's account do this, in any namespace? */
export async function checkRights(api: Api, verbs: readonly string[]): Promise<Right[]> {
  return Promise.all(
    needsOf(verbs).map(async ({ group, resource: full, verb, by }) => {
      const [resource, subresource] = full.split('/');
      const review = await api.call<{ status: { allowed: boolean } }>(
        '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        {
          method: 'POST',
          body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SelfSubjectAccessReview',
            spec: { resourceAttributes: { group, resource, verb, ...(subresource ? { subresource } : {}) } },
          },
        },
      );
      return { verb, resource: group === '' ? full : `${full}.${group}`, neededBy: by, granted: review.status.allowed };
    }),
  );
}

const NAME = 'brownout';

/** A role with exactly these rights, and an account that has it, to be applied by the cluster's administrator. */
export function rightsManifest(verbs: readonly string[]): string {
  const byResource = Map.groupBy(needsOf(verbs), ({ group, resource }) => `${group}/${resource}`);
  const rules = [...byResource.values()].map((needs) => ({
    apiGroups: [needs[0]!.group],
    resources: [needs[0]!.resource],
    verbs: needs.map(({ verb }) => verb).sort(),
  }));
  const subject = { kind: 'ServiceAccount', name: NAME, namespace: 'default' };
  const objects = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: 'default' } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: NAME },
      rules: rules.sort((a, b) => `${a.apiGroups}${a.resources}`.localeCompare(`${b.apiGroups}${b.resources}`)),
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME },
      subjects: [subject],
    },
  ];
  return objects.map((object) => stringify(object, { lineWidth: 120 })).join('---\n');
}
