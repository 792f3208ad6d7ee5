import type { ClusterNode } from '../cluster/corosync.ts';
import { CONFIG } from '../layout.ts';

/** What a node's agent is told by the lab. */
export interface NodeSettings {
  node: string;
  nodes: ClusterNode[];
  timeScale: number;
  /** When the time of high availability began to run faster than the clock, ms since 1970. */
  epoch: number;
}

export const NODE_FILE = `${CONFIG}/node.json`;
export const WATCHDOG_SOCKET = '/run/watchdog.sock';
/** Where the agent listens for what operators do on the node itself. */
export const AGENT_SOCKET = '/run/pve-agent.sock';
/** The tree as it was when this node last had a majority. */
export const COPY = '/var/lib/pve-cluster/files.json';
/** Where a node keeps the logs of its tasks, by which it knows them after a restart. */
export const TASKS = '/var/log/pve/tasks';
