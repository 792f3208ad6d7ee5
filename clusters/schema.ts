import { z } from 'zod';
import { isReference, isSecretKey, tellingSecrets } from '../files/secret.ts';
import { list } from '../files/validate.ts';
import { type AskWord, askWords } from '../platforms/asks.ts';
import { dockerApi } from '../platforms/docker/address.ts';
import { line, name, parseUrl, path, REFERENCE_HINT, reference, refuseSecrets } from '../platforms/keys.ts';
import type { PlatformModule } from '../platforms/module.ts';
import { sshTarget } from '../probes/vantage/vantage.ts';
import { duration, rate } from '../units/units.ts';

const ENTRY = 'expected a URL as users type it: http://, https://, smb://host/share or tcp://host:port';

/** A name, or the one for all that are not named. */
const nameOrAny = z.string().regex(/^(\*|[a-z][a-z0-9-]*)$/i, { error: 'expected a plain name, or *' });

const entryUrl = z.string({ error: ENTRY }).superRefine(refuseSecrets);

function refuseWrongEntries(entries: Record<string, string>, context: z.core.$RefinementCtx): void {
  for (const [key, text] of Object.entries(entries)) {
    const message = whatIsWrong(key === '*' ? filledIn(text) : text);
    if (message !== undefined) context.addIssue({ code: 'custom', path: [key], message });
  }
}

/** What stands for all entries, as it could become: each workload says its own. */
const filledIn = (text: string) => text.replace(/^\{protocol\}:/, 'http:').replace(/:\{port\}(?=\/|$)/, ':1');

/** Probes send all that an entry says: what they would leave out is refused. */
function whatIsWrong(text: string): string | undefined {
  const url = parseUrl(text);
  if (!url || url.hostname === '' || !/^(https?|smb|tcp):\/\/[^/]/.test(text)) return ENTRY;
  const [authority = ''] = text.slice(`${url.protocol}//`.length).split(/[/?]/);
  if (authority.includes('@')) {
    return url.protocol === 'smb:'
      ? 'a user name stands here: give it in `credentials`'
      : 'a user name stands here, and no probe sends one';
  }
  if (url.port === '0') return 'expected a port of 1 to 65535';
  if (url.protocol === 'smb:') return wrongShare(url);
  if (url.protocol !== 'tcp:') return undefined;
  if (url.port === '') return ENTRY;
  return authority.length < text.length - 'tcp://'.length ? 'a path stands here, and tcp:// has none' : undefined;
}

function wrongShare({ pathname, search }: URL): string | undefined {
  if (!/^\/[^/]/.test(pathname)) return 'expected a share: smb://host/share';
  if (search !== '') return 'a query stands here, and smb:// has none';
  try {
    decodeURIComponent(pathname);
    return undefined;
  } catch {
    return 'a % stands here that is no character: write %25 for a % itself';
  }
}

const PATTERN = 'expected a name or a pattern such as w*';

const pattern = z.string({ error: PATTERN }).regex(/^[\w.*?-]+$/, { error: PATTERN });

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
  workload: z
    .array(
      z.enum(Object.keys(askWords) as AskWord[], { error: `expected one of: ${Object.keys(askWords).join(', ')}` }),
    )
    .describe(
      'What a workload may ask for beyond the usual; docs/workloads.md has the words. `plan` names what needs one.',
    )
    .meta({ examples: [['host-files']] })
    .optional(),
});

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
      .describe(
        "The agent's parameters; `{node}` in quotes is replaced. Secrets as `env:NAME`, `file:PATH` or `command:COMMAND`.",
      )
      .meta({ examples: [{ ip: 'ipmi-{node}.example.org', username: 'ops', password: 'env:IPMI_PASSWORD' }] })
      .optional(),
    command: z
      .strictObject({
        off: withNode
          .describe('Takes the power away, hard. What it prints after `note: ` is told in the report.')
          .meta({ examples: ['ipmi-power off {node}'] }),
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

/** `auth` of fence_ipmilan names the authentication method, so it is not a secret. */
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

const SSH = 'expected an address for ssh, such as ops@w1 or ssh://ops@w1:2222';

const vantage = z
  .strictObject({
    ssh: z
      .string({ error: SSH })
      .superRefine(refuseSecrets)
      .refine((address) => !/\s/.test(address) && sshTarget(address) !== undefined, { error: SSH })
      .describe('A computer that your `ssh` reaches without being asked anything, with Node on its PATH.')
      .meta({ examples: ['ops@w1'] })
      .optional(),
    command: z
      .array(line.superRefine(refuseSecrets), { error: 'expected a list of words' })
      .min(1, { error: 'expected at least the name of a program' })
      .describe(
        'A program and its first arguments; `node` and what it needs are appended, and run wherever that leads.',
      )
      .meta({ examples: [['kubectl', 'exec', '-i', 'prober', '--']] })
      .optional(),
  })
  .superRefine(({ ssh, command }, context) => {
    if (ssh === undefined && command === undefined)
      context.addIssue({ code: 'custom', message: 'expected one of ssh or command' });
    if (ssh !== undefined && command !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['command'],
        message: "one of ssh or command, and 'ssh' is given already",
      });
  });

/** What reports call the computer that the suite runs on. */
const HERE = 'here';

const vantageName = name.refine((text) => text !== HERE, { error: `'${HERE}' is where the suite itself runs` });

const anyCluster = {
  allow: allow.describe(
    'What may be touched: nothing else is ever changed. But whatever runs on an allowed node suffers what its node suffers.',
  ),
  power: power
    .describe('How nodes lose and regain their power. Without it, scenarios that need it are skipped.')
    .optional(),
  entry: z
    .record(nameOrAny, entryUrl)
    .superRefine(refuseWrongEntries)
    .describe(
      'Where users reach the workload, by the names that the workload gives its entries; `*` is any other: `{protocol}` and `{port}` there are what the workload says.',
    )
    .meta({ examples: [{ vote: 'http://vip.example.org:8080', result: 'http://vip.example.org:8081' }] }),
  'entry-ca': path
    .describe(
      'A file with the authority that signed the certificates of `https://` entries. It counts beside those that this computer trusts.',
    )
    .meta({ examples: ['company-ca.pem'] })
    .optional(),
  credentials: z
    .record(
      name,
      z.strictObject({
        user: line.describe('Name of the user, or `DOMAIN\\name` of a domain.').meta({ examples: ['ann'] }),
        password: reference
          .describe('Where the password is: `env:NAME`, `file:PATH` or `command:COMMAND`.')
          .meta({ examples: ['env:SHARE_PASSWORD'] }),
      }),
    )
    .prefault({})
    .describe('Who asks at an entry, where it wants to know: by the names of the entries. `smb://` entries need it.'),
  vantage: z
    .record(vantageName, vantage)
    .describe(
      'Further places to probe from, by a name for reports. The same requests are sent from each; a prober is started there for the run, and nothing is left.',
    )
    .meta({ examples: [{ inside: { ssh: 'ops@w1' } }] })
    .optional(),
  'probe-interval': duration
    .refine((ms) => ms >= 10 && ms <= 10_000, { error: 'expected 10ms to 10s' })
    .describe(
      'No probe comes more often than this, whatever a scenario asks: what the entries of a small or emulated cluster can bear, or what its owner allows.',
    )
    .meta({ examples: ['500ms'] })
    .optional(),
  capacity: rate
    .refine((perSecond) => perSecond > 0, { error: 'expected more than 0/s' })
    .describe(
      'Requests a second that the entries bear while nothing is wrong. Scenarios whose load or flood sends more beside a fault, or a load that has no rate (a closed model), are skipped: they would ' +
        'measure the load. One that has a load in place of a fault is not, since it is meant to send more.',
    )
    .meta({ examples: ['100/s'] })
    .optional(),
  images: z
    .record(nameOrAny, line)
    .prefault({})
    .describe(
      'Images by role, instead of the public ones; `*` is any other role of a workload, and `{workload}` there its name; `tools` is the one for what faults run on nodes (docs/faults.md says what it must have).',
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

/** The schema of the cluster file of one platform. */
export function clusterSchemaOf({ kind, keys: { reach, ...others }, together }: PlatformModule) {
  return z
    .strictObject({ platform: z.literal(kind).describe(PLATFORM), reach, ...anyCluster, ...others })
    .superRefine((written, context) => {
      const { entry, credentials } = written as { entry: Record<string, string>; credentials: Record<string, unknown> };
      for (const name of Object.keys(credentials)) {
        if (Object.hasOwn(entry, name) || Object.hasOwn(entry, '*')) continue;
        const message = `there is no entry '${name}'`;
        context.addIssue({ code: 'custom', path: ['credentials', name], message });
      }
      for (const { key, message } of together?.(written) ?? [])
        context.addIssue({ code: 'custom', path: [key], message });
    });
}

/** The schema of any cluster file, for editors. */
export function clusterSchema(modules: PlatformModule[]) {
  const [first, ...others] = modules.map(clusterSchemaOf);
  return z.discriminatedUnion('platform', [first!, ...others]);
}

/** For a file with an unknown platform: the keys of every cluster file, plus any platform's own keys with any value. */
export function anyClusterSchema(modules: PlatformModule[]) {
  const kinds = modules.map(({ kind }) => kind);
  const own = modules.flatMap(({ keys }) => Object.keys(keys)).map((key) => [key, z.unknown().optional()]);
  return z.strictObject({
    platform: z.enum(kinds, { error: `expected ${list(kinds)}` }).describe(PLATFORM),
    ...anyCluster,
    ...(Object.fromEntries(own) as Record<string, z.ZodOptional<z.ZodUnknown>>),
  });
}
