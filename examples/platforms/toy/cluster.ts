import type { Cluster } from 'brownout/platform';

/** What a cluster file of the toy says beside what every cluster file does. */
export interface ToyCluster extends Cluster {
  reach: { folder: string; nodes: string[] };
}
