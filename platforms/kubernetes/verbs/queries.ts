/** What can be asked of a cluster beside what every platform tells. Nothing is changed. */
import { namespace, node, text, texts } from '../../verb.ts';
import { refusalOf } from '../acts/restrict.ts';
import { execInAgent } from '../node-agent/agent.ts';
import { isComponentReady } from '../node-agent/programs.ts';
import { headroomOn } from '../state/headroom.ts';
import { changeOf } from '../workload/break.ts';
import { APPS, NODE_AGENT, question } from './entry.ts';
import { agentArgs, agentAt } from './nodes.ts';

const EXEC_TIMEOUT = 5_000;

export const queries = {
  /** What is left on a node. */
  'node.headroom': question(
    { node, namespace },
    [
      { resources: ['nodes'], verbs: ['get'] },
      { resources: ['nodes/proxy'], verbs: ['get'] },
      { resources: ['pods'], verbs: ['list'] },
    ],
    async ({ api }, args) => {
      const { free, asked, ...headroom } = await headroomOn(api, args.node, args.namespace);
      return { ...headroom, free: { ...free }, asked: { ...asked } };
    },
  ),

  /** → { rolledBack, stuck } */
  'service.change': question(
    { namespace, service: text },
    [{ group: 'apps', resources: APPS, verbs: ['list'] }],
    async ({ api }, { namespace, service }) => ({ ...(await changeOf(api, namespace, service)) }),
  ),

  /** → { refused: why no pod may be made there, or null }, by a trial that makes none. */
  'namespace.refusal': question(
    { namespace },
    [{ resources: ['pods'], verbs: ['create'] }],
    async ({ api }, { namespace }) => ({ refused: await refusalOf(api, namespace) }),
  ),

  /** → { code, stdout }, in a node agent that `host.run` or `program.stop` started. */
  'host.exec': question({ ...agentArgs, argv: texts }, NODE_AGENT, async ({ api }, { argv, ...place }) => {
    const { code, stdout } = await execInAgent(api, agentAt(place), argv, EXEC_TIMEOUT);
    return { code, stdout };
  }),

  /** → { ready }, of a component of the control plane. */
  'program.state': question(
    { node, program: text },
    [{ resources: ['pods'], verbs: ['list'] }],
    async ({ api }, { node, program }) => ({ ready: await isComponentReady(api, node, program) }),
  ),
};
