/** All that can be done to a Swarm, and asked of it: one typed entry each. */

import { z } from 'zod';
import { OperatorError, PermanentError } from '../../units/operator-error.ts';
import { describeFailure, isGone, isRefused, statusOf } from '../docker/client.ts';
import { saysWhenInEffect } from '../in-effect.ts';
import type { Act, Json, Query } from '../platform.ts';
import {
  entriesOf,
  entryOf,
  namespace,
  node,
  oneOf,
  plainName,
  type Question,
  readArguments,
  subjectOf,
  text,
  textByName,
  texts,
  type Verb,
} from '../verb.ts';
import { STACK_LABEL } from './api.ts';
import type { SwarmCluster } from './cluster.ts';
import { containerOf, execIn, removeAgent, startAgent } from './containers.ts';
import type { Hosts, NodeHost } from './hosts.ts';
import { releaseLock, renewLock, takeLock } from './lock.ts';
import { restoreAvailability, setAvailability } from './nodes.ts';
import { removeStack } from './remove.ts';
import { restoreService, rollService } from './roll.ts';
import { deployStack, imageOnNodes } from './stack.ts';

export interface SwarmContext {
  hosts: Hosts;
  cluster: SwarmCluster;
}

const EXEC_TIMEOUT = 5_000;

const { verb, undo, question } = entriesOf<SwarmContext>();

const manifest = { namespace, manifest: text, labels: textByName };
const member = { namespace, node, member: text };
const service = { namespace, service: text };

export const verbs: Record<string, Verb<SwarmContext>> = {
  deploy: verb(manifest, [], async ({ hosts, cluster }, { namespace, manifest, labels }) => {
    await deployStack(hosts, cluster, { namespace, manifest, labels });
    return undefined;
  }),

  'neighbour.deploy': verb(
    // The service in whose network it is, where it is a neighbour that comes from inside.
    { ...manifest, neighbour: z.object({ namespace, service: text }).optional() },
    [],
    async ({ hosts, cluster }, { neighbour, ...deployment }) => {
      await deployStack(hosts, cluster, { ...deployment, ...(neighbour ? { neighbour } : {}) });
      return undefined;
    },
  ),

  remove: undo({ namespace }, [], async ({ hosts, cluster }, { namespace }, ownRun) => {
    await removeStack(hosts, cluster, namespace, ownRun);
    return undefined;
  }),

  /** With `run` the node is marked as changed by it; without, that is undone. */
  'node.availability': undo(
    { node, availability: oneOf('active', 'pause', 'drain'), run: text.optional() },
    [],
    async ({ hosts }, { node, availability, run }, ownRun) => {
      if (run === undefined) await restoreAvailability(hosts, node, availability, ownRun);
      else await setAvailability(hosts, node, availability, run);
      return undefined;
    },
    ({ run }) => run === undefined,
  ),

  /** → { gone? } */
  'member.kill': verb({ ...member, signal: text.optional() }, [], async ({ hosts }, { signal = 'SIGKILL', ...of }) => {
    const found = await memberContainer(hosts, of);
    if (found?.state !== 'running') return { gone: true };
    await unlessEnded(found.host.ask('kill', (api) => api.getContainer(found.id).kill({ signal }), CONTAINER_TIMEOUT));
    return undefined;
  }),

  'member.pause': verb(member, [], async ({ hosts }, of) => {
    const found = await memberContainer(hosts, of);
    if (found?.state === 'paused') return undefined;
    if (!found) {
      throw new OperatorError(`there is no member ${of.member} on ${of.node} to pause`, {
        hint: 'it ended between being chosen and being paused',
      });
    }
    await found.host.ask('pause', (api) => api.getContainer(found.id).pause(), CONTAINER_TIMEOUT);
    return undefined;
  }),

  'member.unpause': undo(member, [], async ({ hosts }, of) => {
    const found = await memberContainer(hosts, of);
    if (found?.state !== 'paused') return undefined;
    await unlessEnded(found.host.ask('unpause', (api) => api.getContainer(found.id).unpause(), CONTAINER_TIMEOUT));
    return undefined;
  }),

  /** The image is a role of the cluster file's `images`, or a reference. */
  'service.roll': verb(
    { ...service, run: text, image: text.optional() },
    [],
    async ({ hosts, cluster }, { namespace, service, run, image: role }) => {
      const reference = role === undefined ? undefined : (cluster.images[role] ?? role);
      const image = reference === undefined ? undefined : await imageOnNodes(hosts, cluster, reference);
      await rollService(hosts, namespace, service, run, image);
      return undefined;
    },
  ),

  'service.restore': undo(service, [], async ({ hosts }, { namespace, service }) => {
    await restoreService(hosts, namespace, service);
    return undefined;
  }),

  /** → { effect } */
  'host.run': verb(
    { node, name: plainName, run: text, image: text, argv: texts, saysWhenInEffect },
    [],
    async ({ hosts, cluster }, { node, ...agent }) => {
      const effect = await startAgent(await hosts.of(node), agent, cluster.pull);
      return effect && { effect: { ...effect } };
    },
  ),

  'host.remove': undo({ node, name: plainName }, [], async ({ hosts }, { node, name }, ownRun) => {
    await removeAgent(await hosts.of(node), name, ownRun);
    return undefined;
  }),

  /** → { held, holder? }. `owner`: see ../owner.ts. */
  'lock.take': verb({ run: text, owner: text }, [], async ({ hosts }, { run, owner }) => ({
    ...(await takeLock(hosts, run, owner)),
  })),

  /** → { held, holder? } */
  'lock.renew': verb({ run: text, owner: text }, [], async ({ hosts }, { run, owner }) => ({
    ...(await renewLock(hosts, run, owner)),
  })),

  'lock.release': undo({ run: text }, [], async ({ hosts }, { run }) => {
    await releaseLock(hosts, run);
    return undefined;
  }),
};

export const queries: Record<string, Question<SwarmContext>> = {
  /** → { code, stdout }, in a node agent that `host.run` started. */
  'host.exec': question({ node, name: plainName, argv: texts }, [], async ({ hosts }, { node, name, argv }) => {
    const host = await hosts.of(node);
    const { code, stdout } = await execIn(host, name, argv, { stdin: undefined, timeout: EXEC_TIMEOUT });
    return { code, stdout };
  }),
};

const A_SWARM = 'a Swarm';
/** Docker itself waits 10 s for a container to end that it has killed. */
const CONTAINER_TIMEOUT = 30_000;

export async function performOnSwarm(context: SwarmContext, act: Act, ownRun: string | undefined): Promise<Json> {
  const entry = entryOf(verbs, act.verb, A_SWARM);
  const args = readArguments(entry, act, context.cluster.allow);
  return explained(act, () => entry.perform(context, args, ownRun));
}

export async function askSwarm(context: SwarmContext, query: Query): Promise<Json> {
  const entry = entryOf(queries, query.verb, A_SWARM);
  const args = readArguments(entry, query, context.cluster.allow);
  return explained(query, () => entry.ask(context, args));
}

async function explained(what: Act | Query, work: () => Promise<Json | undefined>): Promise<Json> {
  try {
    return (await work()) ?? null;
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const Failure = isRefused(error) ? PermanentError : OperatorError;
    throw new Failure(`${what.verb} ${subjectOf(what)}: ${describeFailure(error)}`, { cause: error });
  }
}

/** The container of the member that an act names, by its own node's word; undefined when it is gone. */
async function memberContainer(
  hosts: Hosts,
  { namespace, node, member }: { namespace: string; node: string; member: string },
): Promise<{ host: NodeHost; id: string; state: string } | undefined> {
  const host = await hosts.of(node);
  const found = await containerOf(host, member);
  if (!found) return undefined;
  if (found.Labels[STACK_LABEL] !== namespace) {
    throw new PermanentError(`member ${member} is not in ${namespace}; it is left alone`);
  }
  return { host, id: found.Id, state: found.State };
}

/** The container may end between being looked at and being acted on: then there is nothing left to do. */
async function unlessEnded(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isGone(error) && statusOf(error) !== 409 && !/is not (running|paused)/.test(describeFailure(error)))
      throw error;
  }
}
