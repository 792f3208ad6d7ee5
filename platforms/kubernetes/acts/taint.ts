import type { Leftover } from '../../platform.ts';
import { isOfRun } from '../../verb.ts';
import type { Api } from '../api/api.ts';
import { unlessGone } from '../api/api-error.ts';
import { overConflicts } from '../api/conflict.ts';
import { type KubeNode, NODES } from '../api/objects.ts';
import { refuseOrphans } from './drain.ts';

/** The suite's taint; its value is the run. The label of the same name lets it be found without looking at every node. */
const TAINT = 'brownout.taint';

/** Taints a node so that whatever does not tolerate it is evicted at once. */
export async function taintNode(api: Api, name: string, run: string): Promise<void> {
  await refuseOrphans(api, name);
  await changeTaint(api, name, run);
}

/** Takes the run's taint off. Without it, or without the node, nothing is left to do. */
export async function untaintNode(api: Api, name: string, ownRun: string | undefined): Promise<void> {
  await unlessGone(changeTaint(api, name, undefined, ownRun));
}

function changeTaint(api: Api, name: string, run: string | undefined, ownRun?: string): Promise<void> {
  return overConflicts(async () => {
    const { metadata, spec } = await api.read<KubeNode>(NODES, { name });
    const { taints = [] } = spec;
    const marks = [metadata.labels?.[TAINT], taints.find(({ key }) => key === TAINT)?.value];
    if (run === undefined && !marks.some((mark) => isOfRun(mark, ownRun))) return;
    const others = taints.filter(({ key }) => key !== TAINT);
    const own = run === undefined ? [] : [{ key: TAINT, value: run, effect: 'NoExecute' }];
    const body = {
      metadata: { resourceVersion: metadata.resourceVersion, labels: { [TAINT]: run ?? null } },
      spec: { taints: [...others, ...own] },
    };
    await api.patch(NODES, { name }, body);
  });
}

export async function taintedNodes(api: Api, run: string | undefined): Promise<Leftover[]> {
  const labelSelector = run === undefined ? TAINT : `${TAINT}=${run}`;
  const nodes = await api.listMetadata(NODES, {}, { labelSelector });
  return nodes.map(({ metadata: { name, labels } }) => ({
    what: `node ${name} tainted`,
    run: labels?.[TAINT] ?? '',
    remove: { verb: 'node.untaint', args: { node: name } },
  }));
}
