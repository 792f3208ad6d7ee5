/** What a cluster file says of a Kubernetes cluster alone. */
import { z } from 'zod';
import { duration } from '../../units/units.ts';
import { line, name, path, pathFrom } from '../keys.ts';
import type { OwnPart } from '../module.ts';
import type { KubernetesCluster } from './cluster.ts';

const reach = z
  .strictObject({
    kubeconfig: path
      .describe('A kubeconfig file; `~` is the home folder.')
      .meta({ examples: ['~/.kube/config'] })
      .optional(),
    context: line
      .describe("The file's context to use. Always named: what `kubectl` last switched to is nobody's intention.")
      .meta({ examples: ['staging'] })
      .optional(),
    'in-cluster': z
      .literal(true)
      .describe('Instead: the account of the pod in which the suite itself runs.')
      .optional(),
  })
  .superRefine((given, context) => {
    const wrong = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (given['in-cluster'] && (given.kubeconfig ?? given.context) !== undefined) {
      wrong(['in-cluster'], "excludes 'kubeconfig' and 'context'");
    } else if (!given['in-cluster'] && given.kubeconfig === undefined) {
      wrong([], 'expected `{ kubeconfig: …, context: … }` or `{ in-cluster: true }`');
    } else if (!given['in-cluster'] && given.context === undefined) {
      wrong([], "'context' is missing: which context of the kubeconfig is meant?");
    }
  });

const NODE_PORT = 'expected a port of 1 to 65535';

export const keys = {
  reach: reach.describe('How the suite reaches the cluster.').meta({
    examples: [{ kubeconfig: '~/.kube/config', context: 'staging' }],
  }),
  'node-ports': z
    .record(name, z.int({ error: NODE_PORT }).min(1, { error: NODE_PORT }).max(65_535, { error: NODE_PORT }))
    .prefault({})
    .describe('The port that an entry of the workload has on every node; 31000 and up when not given.')
    .meta({ examples: [{ vote: 31_000, result: 31_001 }] }),
  'storage-class': line
    .describe(
      "Where hardened state lives: a storage class whose volumes follow a pod. The cluster's default when not given.",
    )
    .meta({ examples: ['cephfs'] })
    .optional(),
  toleration: duration
    .refine((ms) => ms <= 86_400_000, { error: 'expected at most 1 day' })
    .describe(
      'How long hardened members stay bound to a node that is silent, before they are replaced. As the cluster has it ' +
        '(300s, unless changed there) when not given.',
    )
    .meta({ examples: ['10s'] })
    .optional(),
};

type Written = z.output<z.ZodObject<typeof keys>>;

/** Paths are meant from the cluster file's folder. */
export function load(written: Written, folder: string): OwnPart<KubernetesCluster> {
  const {
    reach: { kubeconfig = '', context = '', 'in-cluster': inCluster },
    'node-ports': nodePorts,
    'storage-class': storageClass,
    toleration,
  } = written;
  return {
    reach: inCluster ? { inCluster } : { kubeconfig: pathFrom(folder, kubeconfig), context },
    nodePorts,
    storageClass,
    toleration,
  };
}
