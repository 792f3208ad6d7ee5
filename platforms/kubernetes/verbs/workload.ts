/** What is done to a workload and its services. */
import { namespace, oneOf, text, textByName, wholeNumber } from '../../verb.ts';
import { agentsNamespaceOf } from '../acts/member-acts.ts';
import { breakages, breakService, mendService } from '../workload/break.ts';
import { deploy } from '../workload/deploy.ts';
import { removeNamespace } from '../workload/remove.ts';
import { restoreService, rollService } from '../workload/roll.ts';
import { scaleService } from '../workload/scale.ts';
import { APPS, type KubernetesContext, REMOVAL, type Rule, undo, verb } from './entry.ts';

const DEPLOYMENT: Rule[] = [
  { resources: ['namespaces'], verbs: ['get', 'create', 'patch'] },
  {
    resources: ['services', 'configmaps', 'secrets', 'persistentvolumeclaims', 'serviceaccounts'],
    verbs: ['create', 'patch'],
  },
  { group: 'apps', resources: APPS, verbs: ['create', 'patch'] },
  { group: 'policy', resources: ['poddisruptionbudgets'], verbs: ['create', 'patch'] },
];

const NEIGHBOUR: Rule[] = [
  { resources: ['namespaces'], verbs: ['get', 'create', 'patch'] },
  { resources: ['pods', 'limitranges', 'resourcequotas'], verbs: ['create', 'patch'] },
  { group: 'apps', resources: ['deployments'], verbs: ['create', 'patch'] },
  { group: 'networking.k8s.io', resources: ['networkpolicies'], verbs: ['create', 'patch'] },
  { group: 'scheduling.k8s.io', resources: ['priorityclasses'], verbs: ['get', 'create', 'patch'] },
];

const CHANGE: Rule[] = [{ group: 'apps', resources: APPS, verbs: ['list', 'patch'] }];

const manifest = { namespace, manifest: text, labels: textByName };
const service = { namespace, service: text };

async function deployManifest(
  { api, cluster }: KubernetesContext,
  args: { namespace: string; manifest: string; labels: Record<string, string> },
): Promise<undefined> {
  await deploy(api, args.manifest, { namespace: args.namespace, labels: args.labels, pull: cluster.pull });
}

export const workloadVerbs = {
  deploy: verb(manifest, DEPLOYMENT, deployManifest),

  /** As `deploy`; other kinds of objects, and so other rights. */
  'neighbour.deploy': verb(manifest, NEIGHBOUR, deployManifest),

  remove: undo({ namespace }, REMOVAL, async ({ api, allowed }, args, ownRun) => {
    const both = [agentsNamespaceOf(args.namespace), args.namespace].filter(allowed);
    await Promise.all(both.map((each) => removeNamespace(api, each, ownRun)));
    return undefined;
  }),

  /** The image is a role of the cluster file's `images`, or a reference. */
  'service.roll': verb(
    { ...service, run: text, image: text.optional() },
    CHANGE,
    async ({ api, cluster }, { namespace, service, run, image: role }) => {
      await rollService(api, namespace, service, run, role === undefined ? undefined : (cluster.images[role] ?? role));
      return undefined;
    },
  ),

  'service.restore': undo(service, CHANGE, async ({ api }, { namespace, service }) => {
    await restoreService(api, namespace, service);
    return undefined;
  }),

  /** Without a number: as many as before. */
  'service.scale': undo(
    { ...service, replicas: wholeNumber.optional() },
    CHANGE,
    async ({ api }, { namespace, service, replicas }) => {
      await scaleService(api, namespace, service, replicas);
      return undefined;
    },
    ({ replicas }) => replicas === undefined,
  ),

  'service.break': verb(
    { ...service, how: oneOf(...breakages) },
    CHANGE,
    async ({ api }, { namespace, service, how }) => {
      await breakService(api, namespace, service, how);
      return undefined;
    },
  ),

  'service.mend': undo(
    service,
    [...CHANGE, { resources: ['pods'], verbs: ['list', 'delete'] }],
    async ({ api }, { namespace, service }) => {
      await mendService(api, namespace, service);
      return undefined;
    },
  ),
};
