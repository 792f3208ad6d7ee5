/** Where the suite itself runs in the cluster that it breaks: a fault on that node would end the measurement, and nobody would heal it. */
import { networkInterfaces } from 'node:os';
import type { Inspection, Node, Platform } from '../../platforms/platform.ts';
import type { PreflightCheck } from './check.ts';

/** What the machine tells of itself. */
interface Here {
  /** The environment's NODE_NAME, which a pod has from the downward API. */
  nodeName: string | undefined;
  /** Its addresses but for those that every machine has. */
  addresses: string[];
}

export function here(): Here {
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) =>
    all.filter(({ internal }) => !internal).map(({ address }) => address),
  );
  return { nodeName: process.env.NODE_NAME || undefined, addresses };
}

/** How it is known that the suite runs on this node; undefined where nothing says so. */
function isHere({ name, address }: Node, { nodeName, addresses }: Here): string | undefined {
  if (name === nodeName) return 'by NODE_NAME alone';
  return addresses.includes(address) ? `${address} is an address of this machine` : undefined;
}

/** The same, with the suite's own nodes as ones at which no fault can be aimed. */
export function withoutOwnNode(inspection: Inspection, from: Here): Inspection {
  const nodes = inspection.nodes.map((node) => {
    const known = isHere(node, from);
    return known === undefined ? node : { ...node, unfit: `brownout itself runs on it (${known})` };
  });
  return { ...inspection, nodes };
}

/** No check where nothing says that the suite runs in its cluster; it need not. */
export function ownNodeCheck(
  { nodes }: Pick<Inspection, 'nodes'>,
  platform: Pick<Platform, 'runsInside'>,
  from: Here,
): PreflightCheck | undefined {
  const what = 'own node';
  const known = nodes.flatMap((node) => {
    const how = isHere(node, from);
    return how === undefined ? [] : [`${node.name} is never hit: brownout itself runs on it (${how})`];
  });
  if (known.length > 0) return { what, ok: true, observed: known.join('; ') };
  if (!platform.runsInside) return undefined;
  return {
    what,
    ok: false,
    observed:
      from.nodeName === undefined
        ? 'brownout runs in this cluster, and NODE_NAME does not say on which node'
        : `brownout runs in this cluster, and no node is called ${from.nodeName}, as NODE_NAME has it`,
    hint: 'Give its container the variable NODE_NAME from the downward API (fieldRef: { fieldPath: spec.nodeName }), as ci/job.yaml does.',
  };
}
