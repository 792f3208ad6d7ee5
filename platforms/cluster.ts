import type { Credentials } from '../probes/probe.ts';
import type { Vantage } from '../probes/vantage/vantage.ts';
import type { AskWord } from './asks.ts';
import type { PlatformKind } from './platform.ts';
import type { PowerConfig } from './power/power.ts';

/** What every cluster file says, in normal form. Each platform adds its own. */
export interface Cluster {
  /** The file as seen from the project: `clusters/staging.yaml`. No two files share it, so what is told of clusters is told by it. */
  name: string;
  file: string;
  platform: PlatformKind;
  /** `workload`: what a workload may ask for beyond the usual. */
  allow: { nodes: string[]; namespaces: string[]; workload?: AskWord[] };
  power: PowerConfig | undefined;
  /** URL by entry name, as users reach it. */
  entry: Record<string, string>;
  /** A file with the authorities that signed the certificates of `https` entries, beside those that this computer trusts. */
  entryCa?: string;
  /** Who asks at an entry, by its name. Passwords are references. */
  credentials: Record<string, Credentials>;
  /** No probe comes more often, ms, whatever a scenario asks. */
  probeInterval?: number;
  /** What the entries bear beside a fault, requests per second in all. */
  capacity?: number;
  /** Further places to probe from, by name. */
  vantages?: Record<string, Vantage>;
  /** Image by role name; `tools` is the image for node faults and noisy neighbours. */
  images: Record<string, string>;
  /** `never`: images are on the nodes already and no registry is asked. */
  pull: 'missing' | 'never';
  /** The nodes' kernels can delay packets. */
  netem: boolean;
}
