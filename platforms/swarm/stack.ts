import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram, words } from '../../processes/program.ts';
import { isPermanent, OperatorError, PermanentError } from '../../units/operator-error.ts';
import { few } from '../../units/words.ts';
import { isGone } from '../docker/client.ts';
import { type Labels, listNodes, listServices, listStored, RUN_LABEL } from './api.ts';
import type { SwarmCluster } from './cluster.ts';
import { addTo, type Compose, foldersIn, imagesOf, madeIn, readCompose } from './compose.ts';
import { REFUSED, runAgent } from './containers.ts';
import type { Hosts, NodeHost } from './hosts.ts';
import { withSecretFiles } from './secrets.ts';

const CLI_TIMEOUT = 60_000;
const FOLDER_TIMEOUT = 30_000;

export interface StackRequest {
  namespace: string;
  manifest: string;
  labels: Labels;
  /** A service of another namespace whose networks every service here joins too: its neighbour. */
  neighbour?: { namespace: string; service: string };
}

/**
 * Deploys a stack through `docker stack deploy`: Docker's own interpreter of Compose files, so that a user's stack file
 * means here what it means to the user.
 */
export async function deployStack(hosts: Hosts, cluster: SwarmCluster, request: StackRequest): Promise<void> {
  const compose = readCompose(request.manifest);
  const images = cluster.pull === 'never' ? await imageIds(hosts, imagesOf(compose)) : {};
  const networks = request.neighbour ? await networksOf(hosts, request.neighbour) : [];
  if (cluster.shared) await makeFolders(hosts, cluster, request, foldersIn(compose, cluster.shared));
  const manager = await hosts.manager(async (host) => {
    // Only a manager that reaches the leader answers this; the command line itself would hang on another.
    await listServices(host, request.namespace);
    return host;
  });
  await refuseTaken(hosts, compose, request);
  const folder = await mkdtemp(join(tmpdir(), 'brownout-docker-'));
  try {
    const whole = await withSecretFiles(compose, folder);
    const file = addTo(whole, { labels: request.labels, images, join: networks });
    await stackDeploy(manager, cluster, { namespace: request.namespace, file, config: folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Whether a stack can be deployed as the Swarm is now. Throws OperatorError where a node could not be cleaned up, since the cluster file does not
 * name it, or where something of the stack's names is somebody else's.
 */
export async function mayDeploy(
  hosts: Hosts,
  { namespace, manifest, labels }: Pick<StackRequest, 'namespace' | 'manifest' | 'labels'>,
): Promise<string> {
  await hosts.identify();
  const nodes = await hosts.read(listNodes);
  const unknown = nodes.filter(
    ({ ID, Description }) =>
      (Description.Platform?.OS ?? 'linux') === 'linux' && !hosts.all.some(({ id }) => id === ID),
  );
  if (unknown.length > 0) {
    const names = unknown.map(({ Description }) => Description.Hostname).sort();
    throw new OperatorError(
      `what is left on ${few(names)} could not be found: no host of the cluster file is that node`,
      {
        hint: 'name the Docker API of every node in `reach.hosts`',
      },
    );
  }
  await refuseTaken(hosts, readCompose(manifest), { namespace, labels });
  return `${nodes.length} nodes, each by a host of the cluster file`;
}

/** `docker stack deploy` takes over a config or secret of the same name and content: its labels are lost, and it would go with the run. */
async function refuseTaken(
  hosts: Hosts,
  compose: Compose,
  { namespace, labels }: Pick<StackRequest, 'namespace' | 'labels'>,
): Promise<void> {
  const made = madeIn(compose, namespace);
  if (made.length === 0) return;
  const there = await hosts.read(listStored);
  const run = labels[RUN_LABEL];
  const foreign = there.filter((one) => one.labels[RUN_LABEL] !== run);
  const taken = made.find(({ kind, name }) => foreign.some((one) => one.kind === kind && one.name === name));
  if (!taken) return;
  throw new PermanentError(
    `the Swarm has a ${taken.kind} ${taken.name} that is not of this run: Docker would take it over`,
    {
      hint: 'give it a name of the stack’s own (leave `name` out), or use the one that is there: `external: true`',
    },
  );
}

/** `config`: an empty folder instead of the user's own configuration of Docker. */
async function stackDeploy(
  manager: NodeHost,
  cluster: SwarmCluster,
  { namespace, file, config }: { namespace: string; file: string; config: string },
): Promise<void> {
  const { tls } = cluster.reach;
  const secure = tls ? ['--tlsverify', '--tlscacert', tls.ca, '--tlscert', tls.cert, '--tlskey', tls.key] : [];
  const resolve = cluster.pull === 'never' ? ['--resolve-image', 'never'] : [];
  const argv = [...secure, 'stack', 'deploy', '--compose-file', '-', '--prune=false', ...resolve, namespace];
  // A clean environment: a DOCKER_CONTEXT of the user, or a variable that the file happens to name, must not leak in.
  const { PATH, HOME, SSH_AUTH_SOCK } = process.env;
  const env = { PATH, HOME, SSH_AUTH_SOCK, DOCKER_CONFIG: config, DOCKER_HOST: manager.url };
  try {
    const result = await runProgram('docker', argv, { input: file, env, timeout: CLI_TIMEOUT });
    if (result.code === 0) return;
    const why = result.timedOut ? `no end within ${CLI_TIMEOUT / 1000} s` : words(result);
    throw new OperatorError(`docker stack deploy ${namespace} (by ${manager.url}): ${why}`, {
      hint: 'the stack file is refused by Docker itself; the words above are its own',
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new OperatorError("the command 'docker' is not on the PATH; stacks are deployed with it", {
      hint: 'install the Docker command line (Debian: apt-get install docker.io, or docker-cli)',
      cause: error,
    });
  }
}

/**
 * The ID of each image as the nodes hold it. With an ID no node asks a registry; with a tag each start of a task would try
 * (about 5 s where there is none), and recovery would look that much slower than it is.
 */
async function imageIds(hosts: Hosts, references: string[]): Promise<Record<string, string>> {
  const known = await hosts.each(async (host) =>
    Promise.all(
      references.map(async (reference) => {
        try {
          return (await host.ask(`inspect ${reference}`, (api) => api.getImage(reference).inspect())).Id;
        } catch (error) {
          if (isGone(error)) return undefined;
          throw error;
        }
      }),
    ),
  );
  const answers = known.flatMap((answer) => ('value' in answer ? [answer] : []));
  return Object.fromEntries(
    references.map((reference, index) => {
      const holders = answers.filter(({ value }) => value[index] !== undefined);
      const ids = [...new Set(holders.map(({ value }) => value[index]!))];
      if (ids.length === 1) return [reference, ids[0]!];
      const asked = answers.map(
        ({ host, value }) => `${host.node ?? host.url}: ${value[index]?.slice(0, 19) ?? 'none'}`,
      );
      throw new OperatorError(
        `image ${reference}: ${ids.length === 0 ? 'no node has it' : 'the nodes have different images under this name'} (${asked.join(', ')})`,
        { hint: 'load it on every node, or say `pull: missing` in the cluster file when there is a registry' },
      );
    }),
  );
}

/** How the nodes are given an image: by its ID where no registry is asked, else as it is named. */
export async function imageOnNodes(hosts: Hosts, cluster: SwarmCluster, reference: string): Promise<string> {
  return cluster.pull === 'never' ? (await imageIds(hosts, [reference]))[reference]! : reference;
}

async function networksOf(hosts: Hosts, { namespace, service }: { namespace: string; service: string }) {
  return hosts.manager(async (host) => {
    const name = `${namespace}_${service}`;
    const found = (await listServices(host, namespace)).find(({ Spec }) => Spec.Name === name);
    if (!found) {
      throw new OperatorError(`there is no service ${name} to be a neighbour of`, {
        hint: `docker stack services ${namespace} lists what there is`,
      });
    }
    const filters = { scope: ['swarm'] };
    const networks = await host.ask('list networks', (api) => api.listNetworks({ filters: filters as never }));
    const targets = (found.Spec.TaskTemplate.Networks ?? []).map(({ Target }) => Target);
    return networks.filter(({ Id, Name }) => targets.includes(Id) || targets.includes(Name)).map(({ Name }) => Name);
  });
}

async function makeFolders(
  hosts: Hosts,
  cluster: SwarmCluster,
  request: StackRequest,
  folders: string[],
): Promise<void> {
  if (folders.length === 0) return;
  const run = request.labels[RUN_LABEL] ?? request.namespace;
  const home = `${cluster.shared}/${request.namespace}`;
  await onShared(hosts, cluster, request.namespace, ['sh', '-c', MAKE, 'folders', home, run, ...folders], run);
}

/** A folder has no label: a file in it says whose it is. */
const MARK = `.${RUN_LABEL}`;
const MAKE = `
home=$1 run=$2
if [ -e "$home" ] && [ "$(cat "$home/${MARK}" 2>/dev/null)" != "$run" ]; then echo "$home is there and not of run $run"; exit ${REFUSED}; fi
mkdir -p "$home" && printf %s "$run" >"$home/${MARK}" || exit 1
shift 2; mkdir -p "$@"`;
const REMOVE = `
home=$1 run=$2 unmarked=$3
[ -e "$home" ] || exit 0
mark=$(cat "$home/${MARK}" 2>/dev/null)
if [ -z "$mark" ] && [ "$unmarked" = leave ] || [ -n "$mark" ] && [ -n "$run" ] && [ "$mark" != "$run" ]; then
  echo "$home was not made by run '$run' and is left alone"; exit ${REFUSED}
fi
rm -rf -- "$home"`;

/**
 * Takes away what a run left on the shared folder. Throws PermanentError for a folder that it did not make.
 *
 * @param unmarked what becomes of a folder without a mark: earlier versions made none
 */
export async function removeShared(
  hosts: Hosts,
  cluster: SwarmCluster,
  { namespace, ownRun, unmarked }: { namespace: string; ownRun: string | undefined; unmarked: 'remove' | 'leave' },
): Promise<void> {
  // Without an image for node agents the deployment could not make folders either: there is nothing to remove.
  if (!cluster.shared || !cluster.images.tools) return;
  const folder = `${cluster.shared}/${namespace}`;
  const argv = ['sh', '-c', REMOVE, 'folders', folder, ownRun ?? '', unmarked];
  await onShared(hosts, cluster, namespace, argv, ownRun ?? namespace);
}

/** Runs one command on the shared folder, on the first node that answers: it is the same folder on all. */
async function onShared(
  hosts: Hosts,
  cluster: SwarmCluster,
  namespace: string,
  argv: string[],
  run: string,
): Promise<void> {
  const image = cluster.images.tools;
  if (!image) {
    throw new OperatorError(`${cluster.file} names a shared folder and no image to prepare it with`, {
      hint: 'name one with a shell under `images: { tools: … }`',
    });
  }
  await hosts.identify();
  const failures: string[] = [];
  for (const host of hosts.all.filter(({ failure }) => failure === undefined)) {
    try {
      const agent = { name: `brownout-folders-${namespace}`, run, image, argv, mount: cluster.shared! };
      return await runAgent(host, agent, cluster.pull, FOLDER_TIMEOUT);
    } catch (error) {
      if (isPermanent(error)) throw error;
      failures.push(`${host.node}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new OperatorError(
    `folders on ${cluster.shared} could be prepared or removed on no node: ${failures.join('; ')}`,
    {
      hint: `is ${cluster.shared} there on every node, and the image ${image}?`,
    },
  );
}
