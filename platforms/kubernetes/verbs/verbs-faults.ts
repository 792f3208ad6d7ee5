/** Verbs that only faults use. As all verbs: idempotent, and an undo succeeds when there is nothing left to undo. */

import { OperatorError } from '../../../units/operator-error.ts';
import type { Arguments } from '../../arguments.ts';
import { refusalOf, restrict, rules, unrestrict } from '../acts/restrict.ts';
import { taintNode, untaintNode } from '../acts/taint.ts';
import { type AgentPlace, execInAgent } from '../node-agent/agent.ts';
import { isComponentReady, startProgram, stopProgram } from '../node-agent/programs.ts';
import { headroomOn } from '../state/headroom.ts';
import { SYSTEM } from '../state/inspect.ts';
import { breakages, breakService, changeOf, mendService } from '../workload/break.ts';
import { deploy } from '../workload/deploy.ts';
import { scaleService, startNames, stopNames } from '../workload/scale.ts';
import type { Verb } from './verbs.ts';

const EXEC_TIMEOUT = 5_000;
/**
 * A node agent's own timer is waited for this much longer than it should take. Without an etcd kubelet cannot tell the API that a
 * static pod has ended, and starts its successor only a minute later; the API server may be restarted in the meantime, too.
 */
const TIMER_MARGIN = 180_000;

export const faultVerbs: Record<string, Verb> = {
  /** { namespace, manifest, labels }. As `deploy`; other kinds of objects, and so other rights. */
  async 'neighbour.deploy'({ api, cluster }, args) {
    const labels = args.record('labels');
    await deploy(api, args.text('manifest'), { namespace: args.namespace(), labels, pull: cluster.pull });
    return undefined;
  },

  /** { node, run }. Whatever does not tolerate it is evicted at once. */
  async 'node.taint'({ api }, args) {
    await taintNode(api, args.node(), args.text('run'));
    return undefined;
  },

  /** { node } */
  async 'node.untaint'({ api }, args) {
    await untaintNode(api, args.node());
    return undefined;
  },

  /** { node, namespace } → what is left on the node; a question, nothing is changed. */
  async 'node.headroom'({ api }, args) {
    const { free, asked, ...room } = await headroomOn(api, args.node(), args.namespace());
    return { ...room, free: { ...free }, asked: { ...asked } };
  },

  /** { namespace, service, replicas? }. Without a number: as many as before. */
  async 'service.scale'({ api }, args) {
    const replicas = args.optional('replicas');
    await scaleService(
      api,
      args.namespace(),
      args.text('service'),
      replicas === undefined ? undefined : wholeNumber(replicas),
    );
    return undefined;
  },

  /** { namespace, service, how: image | probe } */
  async 'service.break'({ api }, args) {
    await breakService(api, args.namespace(), args.text('service'), args.oneOf('how', breakages));
    return undefined;
  },

  /** { namespace, service } */
  async 'service.mend'({ api }, args) {
    await mendService(api, args.namespace(), args.text('service'));
    return undefined;
  },

  /** { namespace, service } → { rolledBack, stuck }; a question. */
  async 'service.change'({ api }, args) {
    return { ...(await changeOf(api, args.namespace(), args.text('service'))) };
  },

  /** { namespace: kube-system, run }. The namespace must be allowed: others use the cluster's names too. */
  async 'names.stop'({ api }, args) {
    ownNames(args);
    await stopNames(api, args.text('run'));
    return undefined;
  },

  /** { namespace: kube-system } */
  async 'names.start'({ api }, args) {
    ownNames(args);
    await startNames(api);
    return undefined;
  },

  /** { namespace, rule: quota | policy, name, run, spec (JSON) } */
  async 'namespace.restrict'({ api }, args) {
    await restrict(api, args.namespace(), {
      rule: args.oneOf('rule', rules),
      name: args.text('name'),
      run: args.text('run'),
      spec: JSON.parse(args.text('spec')),
    });
    return undefined;
  },

  /** { namespace, rule, name } */
  async 'namespace.unrestrict'({ api }, args) {
    await unrestrict(api, args.namespace(), args.oneOf('rule', rules), args.text('name'));
    return undefined;
  },

  /** { namespace } → { refused: why no pod may be made there, or null }; a question. */
  async 'namespace.refusal'({ api }, args) {
    return { refused: await refusalOf(api, args.namespace()) };
  },

  /** { node, name, argv } → { code, stdout }: in a node agent that `host.run` or `program.stop` started; changes nothing. */
  async 'host.exec'({ api }, args) {
    const { code, stdout } = await execInAgent(api, agentIn(args), args.list('argv'), EXEC_TIMEOUT);
    return { code, stdout };
  },

  /** { node, name, run, image, program, how: frozen | gone, seconds, health? } → { effect } */
  async 'program.stop'({ api, cluster }, args) {
    const effect = await stopProgram(
      api,
      {
        ...agentIn(args),
        node: args.node(),
        run: args.text('run'),
        image: args.text('image'),
        program: args.text('program'),
        how: args.oneOf('how', ['frozen', 'gone'] as const),
        seconds: wholeNumber(args.text('seconds')),
        health: args.optional('health'),
      },
      cluster.pull,
    );
    return { effect: { ...effect } };
  },

  /** { node, name, seconds } */
  async 'program.start'({ api }, args) {
    await startProgram(api, agentIn(args), wholeNumber(args.text('seconds')) * 1000 + TIMER_MARGIN);
    return undefined;
  },

  /** { node, program } → { ready }, of a component of the control plane; a question. */
  async 'program.state'({ api }, args) {
    return { ready: await isComponentReady(api, args.node(), args.text('program')) };
  },
};

/** As `host.run` names it: a namespace of its own, one node agent a node. */
const agentIn = (args: Arguments): AgentPlace => ({
  namespace: args.namespace('name'),
  name: `on-${args.node()}`,
});

function ownNames(args: Arguments): void {
  if (args.namespace() !== SYSTEM) throw new OperatorError(`the cluster's names are served from ${SYSTEM}`);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new OperatorError(`'${text}' is not a whole number`);
  return Number(text);
}
