/** Containers on one node, past the control plane: looked at, executed in, and the suite's own node agents. */
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { clip, readLines } from '../../processes/bounded.ts';
import { OperatorError, PermanentError } from '../../units/operator-error.ts';
import { sleep } from '../../units/sleep.ts';
import { poll } from '../../units/until.ts';
import { isGone, statusOf, unlessGone, within } from '../docker/client.ts';
import { readOutput } from '../docker/output.ts';
import { type Effect, IN_EFFECT, IN_EFFECT_TIMEOUT, UNTIL_IN_EFFECT } from '../in-effect.ts';
import type { ExecResult } from '../platform.ts';
import { isOfRun } from '../verb.ts';
import { labelled, RUN_LABEL, TASK_LABEL } from './api.ts';
import type { NodeHost } from './hosts.ts';

/** The container of a task, also when it has stopped; undefined when the node has none (any more). */
export async function containerOf(host: NodeHost, task: string): Promise<Docker.ContainerInfo | undefined> {
  const filters = labelled(TASK_LABEL, task);
  const [found] = await host.ask('find container', (api) => api.listContainers({ all: true, filters }));
  return found;
}

/** Runs argv in a container and waits for its end. Docker cannot end an exec: one that is given up on runs on in there. */
export async function execIn(
  host: NodeHost,
  container: string,
  argv: string[],
  { stdin, timeout }: { stdin: string | undefined; timeout: number },
): Promise<ExecResult> {
  const started = await host.ask('exec', async (api) => {
    const exec = await api.getContainer(container).exec({
      Cmd: argv,
      AttachStdin: stdin !== undefined,
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({ hijack: true, stdin: stdin !== undefined });
    return { exec, stream };
  });
  const { exec, stream } = started;
  try {
    const what = `exec ${argv[0]} on ${host.node ?? host.url}`;
    const output = readOutput(stream as unknown as Readable, what);
    if (stdin !== undefined) stream.end(stdin);
    const { stdout, stderr } = await within(timeout, what, output);
    // The stream ends a moment before the engine has noted the exit code.
    const result = () => host.ask('exec result', () => exec.inspect());
    const state = await poll(result, ({ Running }) => !Running, { timeout: 1_000, every: 50 });
    return { code: state.ExitCode ?? -1, stdout, stderr };
  } finally {
    stream.destroy();
  }
}

export interface Agent {
  name: string;
  run: string;
  image: string;
  argv: string[];
  /** Folder of the node that the node agent sees under the same path. */
  mount?: string;
  /** Its command makes the file BROWNOUT_IN_EFFECT when its work is done. */
  saysWhenInEffect?: boolean | undefined;
}

const PULL_TIMEOUT = 300_000;
const START_TIMEOUT = 30_000;

/**
 * Starts a node agent in the node's own network, with the rights over it and no others: it acts on the node, not beside it.
 * One of that name that runs already is left alone. It removes itself when its command ends, also over a restart of the
 * node's engine, so that a node agent with a dead-man timer leaves nothing behind.
 *
 * @returns from its start to when that was done, or its command has said that its work is; undefined for one that ran already
 */
export async function startAgent(host: NodeHost, agent: Agent, pull: 'missing' | 'never'): Promise<Effect | undefined> {
  const found = await findAgent(host, agent.name, agent.run);
  if (found?.State.Running) return undefined;
  const container = await create(host, agent, pull, {
    AutoRemove: true,
    NetworkMode: 'host',
    CapAdd: ['NET_ADMIN', 'NET_RAW'],
  });
  const from = performance.now();
  await host.ask(`start ${agent.name}`, (api) => api.getContainer(container).start(), START_TIMEOUT);
  if (!agent.saysWhenInEffect) return { from, to: performance.now() };
  const until = ['sh', '-c', UNTIL_IN_EFFECT];
  const { code } = await execIn(host, container, until, { stdin: undefined, timeout: IN_EFFECT_TIMEOUT });
  if (code !== 0) throw new OperatorError(`${agent.name} on ${host.node} ended before it had any effect`);
  return { from, to: performance.now() };
}

/** By this exit code the command of `runAgent` says that it will not do it, however often it is asked. */
export const REFUSED = 77;

/** Runs a short command on the node, in a node agent that sees one of its folders. Throws when the command fails. */
export async function runAgent(
  host: NodeHost,
  agent: Agent & { mount: string },
  pull: 'missing' | 'never',
  timeout: number,
): Promise<void> {
  const id = await create(host, agent, pull, { NetworkMode: 'none', Binds: [`${agent.mount}:${agent.mount}`] });
  const run = async (api: Docker) => {
    const container = api.getContainer(id);
    await container.start();
    const { StatusCode } = await container.wait();
    if (StatusCode === 0) return;
    const output = (await container.logs({ stdout: true, stderr: true })).toString('utf8').trim();
    if (StatusCode === REFUSED) throw new PermanentError(`${clip(output)}, on ${host.node}`);
    throw new OperatorError(`${agent.argv.join(' ')} on ${host.node} failed (exit ${StatusCode}): ${clip(output)}`);
  };
  try {
    await host.ask(agent.name, run, timeout);
  } finally {
    await unlessGone(host.ask(`remove ${agent.name}`, (api) => api.getContainer(id).remove({ force: true }), 20_000));
  }
}

/** Creates a node agent's container in place of one of the same name that a killed suite left, and returns its ID. */
async function create(
  host: NodeHost,
  agent: Agent,
  pull: 'missing' | 'never',
  settings: Docker.HostConfig,
): Promise<string> {
  const attempt = async () => {
    const left = await findAgent(host, agent.name, undefined);
    if (left) {
      const remove = (api: Docker) => api.getContainer(left.Id).remove({ force: true });
      await unlessGone(host.ask(`remove ${agent.name}`, remove, 20_000));
    }
    const port = await host.port();
    const options = {
      name: agent.name,
      Image: agent.image,
      Entrypoint: agent.argv.slice(0, 1),
      Cmd: agent.argv.slice(1),
      // With a terminal its output comes as plain text.
      Tty: true,
      // The port that a node agent which closes the node's network must leave open.
      Env: [`BROWNOUT_API_PORT=${port ?? ''}`, `BROWNOUT_IN_EFFECT=${IN_EFFECT}`],
      Labels: { [RUN_LABEL]: agent.run },
      HostConfig: settings,
    };
    const created = await host.ask(`create ${agent.name}`, (api) => api.createContainer(options), START_TIMEOUT);
    return created.id;
  };
  try {
    return await attempt();
  } catch (error) {
    if (!isGone(error)) throw error;
    if (pull === 'never') {
      throw new OperatorError(`${host.node} does not have the image ${agent.image}`, {
        hint: 'it is `images.tools` of the cluster file: load it on every node, or say `pull: missing`',
        cause: error,
      });
    }
  }
  await pullImage(host, agent.image);
  return attempt();
}

async function pullImage(host: NodeHost, image: string): Promise<void> {
  const pull = async (api: Docker) => {
    const stream = await api.pull(image);
    for await (const line of readLines(stream as Readable, `pull ${image} on ${host.url}`)) {
      const { error } = JSON.parse(line) as { error?: string };
      if (error) throw new OperatorError(`${image} cannot be pulled on ${host.node ?? host.url}: ${clip(error)}`);
    }
  };
  await host.ask(`pull ${image}`, pull, PULL_TIMEOUT);
}

/** The container of that name, of the run, or of any without one. Throws PermanentError when it is somebody else's. */
async function findAgent(
  host: NodeHost,
  name: string,
  ownRun: string | undefined,
): Promise<Docker.ContainerInspectInfo | undefined> {
  const found = await unlessGone(host.ask('find node agent', (api) => api.getContainer(name).inspect()));
  if (!found || isOfRun(found.Config.Labels?.[RUN_LABEL], ownRun)) return found;
  throw new PermanentError(
    `container ${name} on ${host.node} is not a node agent of ${ownRun ?? 'a run'}; it is left alone`,
    {
      hint: `those carry the label ${RUN_LABEL}; if this one is of no use, remove it by hand`,
    },
  );
}

/** A node agent undoes what it did when it is told to end; this long it may take. */
const AGENT_GRACE_S = 10;

/** Ends a run's node agent, and returns once it is gone. Gone already is success. Throws PermanentError for a container that is none. */
export async function removeAgent(host: NodeHost, name: string, ownRun: string | undefined): Promise<void> {
  const patience = (AGENT_GRACE_S + 10) * 1000;
  const found = await findAgent(host, name, ownRun);
  if (!found) return;
  // By ID: another may get the name.
  const { Id: id } = found;
  await unlessGone(host.ask(`stop ${name}`, (api) => api.getContainer(id).stop({ t: AGENT_GRACE_S }), patience));
  const deadline = performance.now() + patience;
  while (await unlessGone(host.ask('find node agent', (api) => api.getContainer(id).inspect()))) {
    if (performance.now() > deadline) throw new OperatorError(`node agent ${name} on ${host.node} does not go away`);
    await sleep(100);
    try {
      await unlessGone(host.ask(`remove ${name}`, (api) => api.getContainer(id).remove({ force: true }), patience));
    } catch (error) {
      // It removes itself at its end: 'removal already in progress'.
      if (statusOf(error) !== 409) throw error;
    }
  }
}
