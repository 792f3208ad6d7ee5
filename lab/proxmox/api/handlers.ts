/** Who carries out which call. */
import { accessCalls } from './calls/access.ts';
import { agentCalls } from './calls/agent.ts';
import { cloneCalls } from './calls/clone.ts';
import { clusterCalls } from './calls/cluster.ts';
import { containerCalls } from './calls/containers.ts';
import { firewallCalls } from './calls/firewall.ts';
import { guestCalls } from './calls/guests.ts';
import { haResourceCalls } from './calls/ha-resources.ts';
import { haRuleCalls } from './calls/ha-rules.ts';
import { haStatusCalls } from './calls/ha-status.ts';
import { nodeCalls } from './calls/nodes.ts';
import { poolCalls } from './calls/pools.ts';
import { powerCalls } from './calls/power.ts';
import { snapshotCalls } from './calls/snapshots.ts';
import { storageCalls } from './calls/storage.ts';
import type { Handlers } from './world.ts';

/** By method and template. What is not here is 501. */
export const HANDLERS: Handlers = {
  ...accessCalls,
  ...agentCalls,
  ...cloneCalls,
  ...clusterCalls,
  ...containerCalls,
  ...firewallCalls,
  ...guestCalls,
  ...haResourceCalls,
  ...haRuleCalls,
  ...haStatusCalls,
  ...nodeCalls,
  ...poolCalls,
  ...powerCalls,
  ...snapshotCalls,
  ...storageCalls,
};
