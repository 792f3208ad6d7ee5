/** What is done to nodes, and by an agent on them past the control plane. */
import { saysWhenInEffect } from '../../in-effect.ts';
import { AFTER_WAITING, namespace, node, oneOf, text, texts, wholeNumber } from '../../verb.ts';
import { restoreAvailability, setAvailability } from '../acts/availability.ts';
import { taintNode, untaintNode } from '../acts/taint.ts';
import { type AgentPlace, removeAgent, startAgent } from '../node-agent/agent.ts';
import { startProgram, stopProgram } from '../node-agent/programs.ts';
import { NODE_AGENT, REMOVAL, type Rule, undo, verb } from './entry.ts';

/** How long a node agent may stay at most. What it does ends by a timer of its own, soon after the fault's time. */
const AGENT_DEADLINE = 86_400_000;
/**
 * A node agent's own timer is waited for this much longer than it should take. Without an etcd kubelet cannot tell the API that a
 * static pod has ended, and starts its successor only a minute later; the API server may be restarted in the meantime, too.
 */
const TIMER_MARGIN = 180_000;
const untilItStarts = (seconds: number) => seconds * 1000 + TIMER_MARGIN;

const TAINT: Rule[] = [{ resources: ['nodes'], verbs: ['get', 'list', 'patch'] }];

/** A node agent: the namespace that it has for itself, one agent a node. */
export const agentArgs = { node, name: namespace };

export const agentAt = ({ node, name }: { node: string; name: string }): AgentPlace => ({
  namespace: name,
  name: `on-${node}`,
});

export const nodeVerbs = {
  /** With `run` the node is marked as changed by it; without, that is undone. */
  'node.availability': undo(
    { node, availability: oneOf('active', 'pause', 'drain'), run: text.optional() },
    [
      { resources: ['nodes'], verbs: ['get', 'patch'] },
      { resources: ['pods'], verbs: ['list'] },
      { resources: ['pods/eviction'], verbs: ['create'] },
    ],
    async ({ api }, { node, availability, run }, ownRun) => {
      if (run === undefined) await restoreAvailability(api, node, availability, ownRun);
      else await setAvailability(api, node, availability, run);
      return undefined;
    },
    ({ run }) => run === undefined,
  ),

  /** Whatever does not tolerate it is evicted at once. */
  'node.taint': verb({ node, run: text }, TAINT, async ({ api }, { node, run }) => {
    await taintNode(api, node, run);
    return undefined;
  }),

  'node.untaint': undo({ node }, TAINT, async ({ api }, { node }, ownRun) => {
    await untaintNode(api, node, ownRun);
    return undefined;
  }),

  /** → { effect } */
  'host.run': verb(
    { ...agentArgs, run: text, image: text, argv: texts, saysWhenInEffect },
    NODE_AGENT,
    async ({ api, cluster }, { node, run, image, argv, name, saysWhenInEffect: says }) => {
      const place = agentAt({ node, name });
      const effect = await startAgent(api, {
        ...place,
        node,
        run,
        image,
        argv,
        pull: cluster.pull,
        deadline: AGENT_DEADLINE,
        saysWhenInEffect: says,
      });
      return { effect: { ...effect } };
    },
  ),

  /** → { effect } */
  'host.remove': undo(agentArgs, NODE_AGENT, async ({ api }, args, ownRun) => {
    const from = performance.now();
    const signalledAt = await removeAgent(api, agentAt(args), ownRun);
    return signalledAt === undefined ? undefined : { effect: { from, to: signalledAt } };
  }),

  /** → { effect } */
  'program.stop': verb(
    {
      ...agentArgs,
      run: text,
      image: text,
      program: text,
      how: oneOf('frozen', 'gone'),
      seconds: wholeNumber,
      health: text.optional(),
    },
    NODE_AGENT,
    async ({ api, cluster }, { name, ...args }) => {
      const effect = await stopProgram(api, { ...args, ...agentAt({ node: args.node, name }) }, cluster.pull);
      return { effect: { ...effect } };
    },
  ),

  'program.start': {
    ...undo(
      { ...agentArgs, seconds: wholeNumber },
      [...NODE_AGENT, ...REMOVAL],
      async ({ api }, { seconds, ...place }, ownRun) => {
        await startProgram(api, agentAt(place), ownRun, untilItStarts(seconds));
        return undefined;
      },
    ),
    longest: ({ seconds }: { seconds: number }) => untilItStarts(seconds) + AFTER_WAITING,
  },
};
