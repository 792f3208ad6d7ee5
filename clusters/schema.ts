import { z } from 'zod';
import { isReference, isSecretKey, tellingSecrets } from '../files/secret.ts';
import { duration } from '../units/units.ts';

const REFERENCE_HINT = 'give a reference: env:NAME or file:PATH';

/** Refuses text that gives a secret away, before anything else can complain about it. */
function refuseSecrets(text: string, context: z.core.$RefinementCtx<string>): void {
  if (tellingSecrets(text).length === 0) return;
  const params = { hint: 'secrets stay out of cluster files: use the environment or a file' };
  context.addIssue({ code: 'custom', message: 'a secret stands here as a value', params, continue: false });
}

const DOCKER_API = 'expected tcp://host:port, ssh://user@host or unix:///path of a Docker API';

const dockerApi = z
  .string({ error: DOCKER_API })
  .superRefine(refuseSecrets)
  .refine(isDockerApi, { error: DOCKER_API })
  .meta({ examples: ['ssh://ops@m1'] });

function isDockerApi(text: string): boolean {
  const url = parseUrl(text);
  if (!url) return false;
  if (url.protocol === 'unix:') return url.host === '' && url.pathname.length > 1;
  if (!['', '/'].includes(url.pathname) || url.hostname === '') return false;
  return url.protocol === 'ssh:' || (url.protocol === 'tcp:' && url.port !== '' && url.username === '');
}

/** A URL without blanks, password and fragment, which no address here has. */
function parseUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url && !/\s/.test(text) && url.password === '' && url.hash === '' ? url : undefined;
}

const ENTRY = 'expected a URL as users type it: http://, https:// or tcp://host:port';

const entryUrl = z
  .string({ error: ENTRY })
  .superRefine(refuseSecrets)
  .refine(isEntry, { error: ENTRY })
  .meta({ examples: ['http://vip.example.org:8080'] });

function isEntry(text: string): boolean {
  const url = parseUrl(text);
  if (!url || url.hostname === '') return false;
  return /^https?:$/.test(url.protocol) || (url.protocol === 'tcp:' && url.port !== '');
}

const PATTERN = 'expected a name or a pattern such as w*';

const pattern = z.string({ error: PATTERN }).regex(/^[\w.*?-]+$/, { error: PATTERN });

const path = z.string({ error: 'expected a path' }).min(1, { error: 'expected a path' });

const name = z.string().regex(/^[a-z][a-z0-9-]*$/i, { error: 'expected a plain name' });

const reach = z
  .strictObject({
    hosts: z
      .array(dockerApi)
      .min(1, { error: 'expected at least one host' })
      .refine((hosts) => new Set(hosts).size === hosts.length, { error: 'the same host is given twice' })
      .describe("Every node's Docker API.")
      .meta({ examples: [['ssh://ops@m1', 'ssh://ops@w1']] }),
    tls: z
      .strictObject({
        ca: path.describe("The authority that signed the nodes' certificates."),
        cert: path.describe('The certificate of the suite.'),
        key: path.describe('Its private key.'),
      })
      .describe('Files for TLS with tcp:// hosts.')
      .meta({ examples: [{ ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' }] })
      .optional(),
  })
  .refine(({ hosts, tls }) => tls === undefined || hosts.some((host) => host.startsWith('tcp:')), {
    path: ['tls'],
    error: 'TLS is only used with tcp:// hosts, and there is none',
  });

const allow = z.strictObject({
  nodes: z
    .array(pattern)
    .min(1, { error: 'expected at least one node or pattern' })
    .describe('Nodes that faults may hit; `*` and `?` are wildcards.')
    .meta({ examples: [['w*']] }),
  namespaces: z
    .array(pattern)
    .min(1, { error: 'expected at least one namespace or pattern' })
    .describe(
      'Stacks or namespaces that the suite may create and remove; `kube-system` only lets `dns-stop` scale the name servers.',
    )
    .meta({ examples: [['brownout-*']] }),
});

const ONE_LINE = 'expected one line of text';
const line = z.string({ error: ONE_LINE }).regex(/^[^\r\n]+$/, { error: ONE_LINE });

const withNode = line.superRefine(refuseSecrets).refine((text) => text.includes('{node}'), {
  error: 'expected {node} in it: without, it would mean the same machine for every node',
});

const power = z
  .strictObject({
    agent: z
      .string()
      .regex(/^fence_[a-z0-9_]+$/, { error: 'expected the name of a ClusterLabs fence agent, such as fence_ipmilan' })
      .describe('A ClusterLabs fence agent on this machine.')
      .meta({ examples: ['fence_ipmilan'] })
      .optional(),
    options: z
      .record(
        z.string().regex(/^[a-z][\w-]*$/i, { error: 'expected the name of a parameter of the agent' }),
        z.union([line, z.number(), z.boolean()], {
          error: 'expected one line of text (in quotes if it has braces) or a number',
        }),
      )
      .superRefine(refuseSecretValues)
      .describe("The agent's parameters; `{node}` in quotes is replaced. Secrets as `env:NAME` or `file:PATH`.")
      .meta({ examples: [{ ip: 'ipmi-{node}.example.org', username: 'ops', password: 'env:IPMI_PASSWORD' }] })
      .optional(),
    command: z
      .strictObject({
        off: withNode.describe('Takes the power away, hard.').meta({ examples: ['ipmi-power off {node}'] }),
        on: withNode.describe('Gives it back.').meta({ examples: ['ipmi-power on {node}'] }),
        state: withNode.describe('Prints `on` or `off`.').meta({ examples: ['ipmi-power state {node}'] }),
      })
      .describe('Shell commands; `{node}` is replaced.')
      .optional(),
    docker: z
      .strictObject({
        host: dockerApi.prefault('unix:///var/run/docker.sock').describe('The Docker API that runs the nodes.'),
        container: withNode.prefault('{node}').describe("A node's container."),
      })
      .describe('Nodes that are containers (kind, k3d).')
      .optional(),
    timeout: duration
      .refine((ms) => ms >= 1000 && ms <= 600_000, { error: 'expected 1s to 10m' })
      .describe('How long the agent or a command may take; 60s when not given.')
      .optional(),
  })
  .superRefine((given, context) => {
    const kinds = (['agent', 'command', 'docker'] as const).filter((kind) => given[kind] !== undefined);
    const wrong = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (kinds.length === 0) wrong([], 'expected one of agent, command or docker');
    if (kinds.length > 1) wrong([kinds[1]!], `one of agent, command or docker, and '${kinds[0]}' is given already`);
    if (given.options && !given.agent)
      wrong(['options'], 'options are those of a fence agent, and no `agent` is given');
    if (given.timeout !== undefined && given.docker) wrong(['timeout'], 'has no meaning with docker');
  });

/** The lan authentication of fence_ipmilan is told by `auth`: a method, not a secret. */
const AUTH_METHODS = ['md5', 'password', 'none'];

function refuseSecretValues(options: Record<string, string | number | boolean>, context: z.core.$RefinementCtx): void {
  for (const [key, value] of Object.entries(options)) {
    if (key === 'auth' && AUTH_METHODS.includes(String(value))) continue;
    const given = isSecretKey(key) ? !isReference(String(value)) : tellingSecrets(String(value)).length > 0;
    if (!given) continue;
    const params = { hint: REFERENCE_HINT };
    context.addIssue({ code: 'custom', path: [key], message: `a secret stands here as a value: '${key}'`, params });
  }
}

const anyCluster = {
  allow: allow.describe(
    'What may be touched: nothing else is ever changed. But whatever runs on an allowed node suffers what its node suffers.',
  ),
  power: power
    .describe('How nodes lose and regain their power. Without it, scenarios that need it are skipped.')
    .optional(),
  entry: z
    .record(name, entryUrl)
    .describe('Where users reach the workload, by the names that the workload gives its entries.')
    .meta({ examples: [{ vote: 'http://vip.example.org:8080', result: 'http://vip.example.org:8081' }] }),
  images: z
    .record(name, line)
    .prefault({})
    .describe(
      'Images by role, instead of the public ones; `tools` is the one for what faults run on nodes (docs/faults.md says what it must have).',
    )
    .meta({ examples: [{ vote: 'registry.example.org/vote:1' }] }),
  pull: z
    .enum(['missing', 'never'])
    .prefault('missing')
    .describe('`never`: the images are on the nodes, and no registry is asked.'),
  netem: z
    .boolean()
    .prefault(false)
    .describe(
      "The nodes' kernels can delay packets (module `sch_netem`). Without it, scenarios with `network-delay` are skipped.",
    ),
};

const PLATFORM = 'What kind of cluster it is.';
const platform = { error: 'expected swarm or kubernetes' };

/** The schema of a Swarm's cluster file. */
export const swarmSchema = z.strictObject({
  platform: z.literal('swarm', platform).describe(PLATFORM),
  reach: reach.describe('How the suite reaches the cluster.'),
  ...anyCluster,
  shared: z
    .string()
    .regex(/^\/[^\r\n]*$/, { error: 'expected the absolute path of a folder on the nodes' })
    .describe('A folder that every node mounts (NFS, CephFS): where state lives that must survive its node.')
    .meta({ examples: ['/srv/brownout'] })
    .optional(),
  endpoint: z
    .enum(['vip', 'dnsrr'])
    .prefault('vip')
    .describe('How services reach each other. `vip` needs IPVS in the kernel of the nodes.'),
  publish: z
    .enum(['ingress', 'host'])
    .prefault('ingress')
    .describe('How ports are published: on every node, or where a task runs.'),
});

const kubernetesReach = z
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

/** The schema of a Kubernetes cluster's cluster file. */
export const kubernetesSchema = z.strictObject({
  platform: z.literal('kubernetes', platform).describe(PLATFORM),
  reach: kubernetesReach.describe('How the suite reaches the cluster.').meta({
    examples: [{ kubeconfig: '~/.kube/config', context: 'staging' }],
  }),
  ...anyCluster,
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
});

/** The schema of any cluster file, for editors. */
export const clusterSchema = z.discriminatedUnion('platform', [swarmSchema, kubernetesSchema]);
