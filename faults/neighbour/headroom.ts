import { OperatorError } from '../../units/operator-error.ts';
import { ask } from '../ask.ts';
import type { World } from '../fault.ts';

/** What is left on a node (the platform's `node.headroom`); memory and disk in bytes, cpu in processors. */
export interface Headroom {
  pressure: string[];
  memory: number;
  disk: number;
  free: { cpu: number; memory: number };
  asked: { cpu: number; memory: number };
  others: string[];
}

export function headroomOn(world: World, node: string): Promise<Headroom> {
  return ask<Headroom>(world, 'node.headroom', { node, namespace: world.namespace });
}

/** Throws OperatorError when pods that are not the suite's could be pushed off the node, too. */
export function refuseOthers(node: string, { others }: Headroom): void {
  if (others.length === 0) return;
  const some = others.slice(0, 3).join(', ') + (others.length > 3 ? ` and ${others.length - 3} more` : '');
  throw new OperatorError(`${node} also has pods of others, which could be evicted in place of the workload: ${some}`, {
    hint: 'choose another node, or say `others: true` if they may suffer',
  });
}
