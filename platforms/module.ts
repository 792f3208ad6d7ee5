import type { z } from 'zod';
import type { Ask, AskContext } from './asks.ts';
import type { Cluster } from './cluster.ts';
import type { Platform, PlatformKind, Timer } from './platform.ts';
import type { PredictedWindow, Situation } from './prediction.ts';

/**
 * A platform, as far as it is known without a connection: one folder that exports this, and one line in the registry. It is
 * light to import; what needs the platform's client library is imported when it is asked for.
 */
export interface PlatformModule<C extends Cluster = Cluster> {
  /** What a cluster file calls it: `platform: …`. */
  readonly kind: PlatformKind;
  /** The keys of its cluster file beside those that every cluster file has. */
  readonly keys: { reach: z.ZodType } & Record<string, z.ZodType>;
  /** What is wrong with its own keys together; each alone is right. Missing where any go with any. */
  together?(written: Record<string, unknown>): { key: string; message: string }[];
  /** Its own part of a cluster, from its own keys as they are written. A relative path is meant from `folder`. */
  load(written: Record<string, unknown>, folder: string): OwnPart<C>;
  /** How the cluster is reached, in a few words: `3 hosts`. */
  describe(cluster: C): string;
  /** What a workload's manifest may need to know of the cluster, by name: `DeployContext.settings`. */
  settings(cluster: C): Record<string, string>;
  /** Its nodes, and the neighbours that it makes, have all that faults run there: no image is needed for it. */
  readonly hasTools?: true;
  /** Connects, with the client library. Throws OperatorError for a way to the cluster that cannot be right. */
  open(cluster: C): Promise<Platform>;
  /** The verbs and queries that the connected platform will offer, known without connecting. */
  verbs(): Promise<readonly string[]>;
  /** A file that gives an account every right that these verbs take. Missing on platforms without accounts. */
  rightsFile?(verbs: readonly string[]): Promise<string>;
  /** The namespace in which these verbs act on members of that one, where it is another. Missing on platforms where none is needed. */
  agentsOf?(verbs: readonly string[], namespace: string): string | undefined;
  /** The timers as they will be once the manifest is deployed, as far as it tells. Throws OperatorError for a manifest that is none. */
  plannedTimers?(manifest: string, timers: readonly Timer[]): Promise<Timer[]>;
  /** What a manifest asks for beyond the usual. Missing on platforms where nothing can be. Throws OperatorError for a manifest that is none. */
  asks?(manifest: string, cluster: C, context: AskContext): Promise<Ask[]>;
  /** When one fault's consequences are due by the platform's own timers; nothing where they do not tell. */
  predict(situation: Situation): PredictedWindow[];
}

/** What a platform adds to what every cluster has. */
export type OwnPart<C extends Cluster> = Omit<C, keyof Cluster>;
