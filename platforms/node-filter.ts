/** What can be had by dropping packets on the nodes of a platform. */

/** What a node is cut off from, or how its packets fare. */
export type Drops = 'control-plane' | 'peers' | 'users' | 'loss' | 'rate';

/** Of platforms whose guests' traffic passes the nodes' own packet filters by. */
export interface NodeFilter {
  /** Why dropping the node's own packets would not be what is asked for; undefined where it is. */
  cannot(what: Drops): { why: string; hint?: string } | undefined;
  /** The others have lost the node, by their word, and it lives and is without a majority, by its own. Bounded in time, never throws. */
  isAlone(node: string): Promise<boolean>;
}
