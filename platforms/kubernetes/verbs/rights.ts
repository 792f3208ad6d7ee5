/**
 * Which rights over the API each verb takes: what the code really calls, and nothing else. The lab's test carries every verb
 * out as an account that has these rights only.
 */
import { stringify } from 'yaml';
import type { Right } from '../../platform.ts';
import type { Api } from '../api/api.ts';

/** As in RBAC: `pods/exec` is a part of pods. An empty group is the core one. */
interface Rule {
  group?: string;
  resources: string[];
  verbs: string[];
}

const READ = ['get', 'list', 'watch'];

const DEPLOYMENT_KINDS: Rule[] = [
  {
    resources: ['services', 'configmaps', 'secrets', 'persistentvolumeclaims', 'serviceaccounts'],
    verbs: ['create', 'patch'],
  },
  { group: 'apps', resources: ['deployments', 'statefulsets', 'daemonsets'], verbs: ['create', 'patch'] },
  { group: 'policy', resources: ['poddisruptionbudgets'], verbs: ['create', 'patch'] },
];

const REMOVAL: Rule[] = [
  { resources: ['namespaces'], verbs: ['get', 'delete'] },
  { resources: ['pods'], verbs: ['get', 'list', 'delete'] },
  { resources: ['pods/exec'], verbs: ['create', 'get'] },
  { resources: ['nodes', 'persistentvolumes'], verbs: ['list'] },
  { group: 'scheduling.k8s.io', resources: ['priorityclasses'], verbs: ['list', 'delete'] },
];

/** A pod on a node with every right over it: whoever may make one is the node's administrator. */
const NODE_AGENT: Rule[] = [
  { resources: ['namespaces'], verbs: ['get', 'create', 'patch', 'delete'] },
  { resources: ['pods'], verbs: [...READ, 'create', 'delete'] },
  { resources: ['pods/exec'], verbs: ['create', 'get'] },
];

const LOCK: Rule[] = [
  { group: 'coordination.k8s.io', resources: ['leases'], verbs: ['get', 'create', 'update', 'delete'] },
];

/** What every run does beside its verbs: look, watch, read back. */
const ALWAYS: Rule[] = [
  { resources: ['nodes', 'pods'], verbs: READ },
  { resources: ['events'], verbs: ['list', 'watch'] },
  { resources: ['namespaces'], verbs: ['list'] },
  { resources: ['persistentvolumes'], verbs: ['list'] },
  { resources: ['pods/exec'], verbs: ['create', 'get'] },
  // kubelet's own word on its pods, and whether it answers.
  { resources: ['nodes/proxy'], verbs: ['get'] },
  { group: 'apps', resources: ['deployments', 'statefulsets', 'daemonsets'], verbs: ['list'] },
  { group: 'discovery.k8s.io', resources: ['endpointslices'], verbs: ['list', 'watch'] },
  { group: 'scheduling.k8s.io', resources: ['priorityclasses'], verbs: ['list'] },
  { group: 'coordination.k8s.io', resources: ['leases'], verbs: READ },
];

const APPS = ['deployments', 'statefulsets', 'daemonsets'];

/** What single faults take beyond that. */
const FAULT_RULES: Record<string, Rule[]> = {
  'neighbour.deploy': [
    { resources: ['namespaces'], verbs: ['get', 'create', 'patch'] },
    { resources: ['pods', 'limitranges', 'resourcequotas'], verbs: ['create', 'patch'] },
    { group: 'apps', resources: ['deployments'], verbs: ['create', 'patch'] },
    { group: 'networking.k8s.io', resources: ['networkpolicies'], verbs: ['create', 'patch'] },
    { group: 'scheduling.k8s.io', resources: ['priorityclasses'], verbs: ['get', 'create', 'patch'] },
  ],
  'node.taint': [{ resources: ['nodes'], verbs: ['get', 'list', 'patch'] }],
  'node.untaint': [{ resources: ['nodes'], verbs: ['get', 'list', 'patch'] }],
  'node.headroom': [
    { resources: ['nodes'], verbs: ['get'] },
    { resources: ['nodes/proxy'], verbs: ['get'] },
    { resources: ['pods'], verbs: ['list'] },
  ],
  'service.scale': [{ group: 'apps', resources: APPS, verbs: ['list', 'patch'] }],
  'service.break': [{ group: 'apps', resources: APPS, verbs: ['list', 'patch'] }],
  'service.mend': [{ group: 'apps', resources: APPS, verbs: ['list', 'patch'] }],
  'service.change': [{ group: 'apps', resources: APPS, verbs: ['list'] }],
  'names.stop': [{ group: 'apps', resources: ['deployments'], verbs: ['list', 'patch'] }],
  'names.start': [{ group: 'apps', resources: ['deployments'], verbs: ['list', 'patch'] }],
  'namespace.restrict': [
    { resources: ['namespaces'], verbs: ['get'] },
    { resources: ['resourcequotas'], verbs: ['create', 'patch'] },
    { group: 'networking.k8s.io', resources: ['networkpolicies'], verbs: ['create', 'patch'] },
  ],
  'namespace.unrestrict': [
    { resources: ['resourcequotas'], verbs: ['delete'] },
    { group: 'networking.k8s.io', resources: ['networkpolicies'], verbs: ['delete'] },
  ],
  'namespace.refusal': [{ resources: ['pods'], verbs: ['create'] }],
  'host.exec': NODE_AGENT,
  'program.stop': NODE_AGENT,
  'program.start': [...NODE_AGENT, ...REMOVAL],
  'program.state': [{ resources: ['pods'], verbs: ['list'] }],
};

export const RULES: Record<string, Rule[]> = {
  deploy: [{ resources: ['namespaces'], verbs: ['get', 'create', 'patch'] }, ...DEPLOYMENT_KINDS],
  remove: REMOVAL,
  'node.availability': [
    { resources: ['nodes'], verbs: ['get', 'patch'] },
    { resources: ['pods'], verbs: ['list'] },
    { resources: ['pods/eviction'], verbs: ['create'] },
  ],
  'member.kill': NODE_AGENT,
  'member.pause': NODE_AGENT,
  'member.unpause': NODE_AGENT,
  'member.delete': [{ resources: ['pods'], verbs: ['get', 'delete'] }],
  evict: [
    { resources: ['pods'], verbs: ['get'] },
    { resources: ['pods/eviction'], verbs: ['create'] },
  ],
  'service.roll': [
    { group: 'apps', resources: ['deployments', 'statefulsets', 'daemonsets'], verbs: ['list', 'patch'] },
  ],
  'service.restore': [
    { group: 'apps', resources: ['deployments', 'statefulsets', 'daemonsets'], verbs: ['list', 'patch'] },
  ],
  'host.run': NODE_AGENT,
  'host.remove': NODE_AGENT,
  ...FAULT_RULES,
  'lock.take': LOCK,
  'lock.renew': LOCK,
  'lock.release': LOCK,
};

/** One thing that may be done to one resource, and the verbs that need it. */
interface Need {
  group: string;
  resource: string;
  verb: string;
  by: string[];
}

/** Everything that these verbs need, each once. */
function needsOf(verbs: readonly string[]): Need[] {
  const needs = new Map<string, Need>();
  const add = (by: string, rules: Rule[]) => {
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
  for (const verb of verbs) add(verb, RULES[verb] ?? []);
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
