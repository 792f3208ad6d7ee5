import { ofNamespace } from './members.ts';
import type { View } from './view.ts';

/** Configured, and nothing that HA would act for. */
const AT_REST = ['ignored', 'disabled', 'stopped'];

/**
 * Nodes with guests of a namespace under HA whose own agent (LRM) is not active, with its state: nobody has armed their watchdog. Cut off, such a
 * node is not fenced, and the others start its guests a second time at once. A node that was fenced is so for two minutes after it has come back,
 * until its lock, which the master took, has aged.
 */
export function idleAgents(namespace: string, view: View): { node: string; state: string }[] {
  const managed = ofNamespace(namespace, view).filter(
    ({ hastate }) => hastate !== undefined && !AT_REST.includes(hastate),
  );
  const used = new Set(managed.map(({ node }) => node));
  return view.nodes.flatMap(({ name, lrm }) =>
    used.has(name) && lrm?.state !== 'active' ? [{ node: name, state: lrm?.state ?? 'unknown' }] : [],
  );
}
