import type { z } from 'zod';
import type { Meaning } from '../platforms/meaning.ts';
import type { Act, Inspection, Json, Member, Platform, Target } from '../platforms/platform.ts';
import type { Power } from '../platforms/power/power.ts';

/** What a fault may look at while it aims: the cluster as it is now. */
export interface World {
  inspection: Inspection;
  /** Members of the workload's namespace. Empty before the workload is deployed. */
  members: Member[];
  namespace: string;
  run: string;
  platform: Platform;
  power: Power | undefined;
  /** Seeded: the same seed, the same cluster, the same choice. */
  random: Random;
  /** Nodes a fault may touch, from the cluster file's `allow.nodes`. Aiming never leaves them. */
  allowed(node: string): boolean;
  /** Namespaces that may be changed, from the cluster file's `allow.namespaces`. */
  allowedNamespace(namespace: string): boolean;
  /** An image with the tools that node faults need (from the cluster file's `images.tools`). */
  toolsImage: string;
}

/** Uniform in [0, 1), reproducible. */
export type Random = () => number;

/** A world in which a fault may act: every act is in the journal, on disk, before it happens. */
export interface ActingWorld extends World {
  /** @param purpose `prepare`: it is not the fault yet, nor a part of it, and so not of its time */
  act(does: Act, undo: Act | undefined, purpose?: 'inject' | 'prepare'): Promise<Done>;
}

/** An act that was carried out. `undo` carries out its undo act and marks the journal; twice is harmless. */
export interface Done {
  /** What the platform answered. */
  answer: Json;
  /** When it can have taken effect at the earliest, ms since the run's origin. */
  from: number;
  undo(): Promise<void>;
}

/** Proof, taken from outside the injector, that something is so. */
export interface Evidence {
  text: string;
  /** What the scenario expects of the platform's answer to the fault, where it does: judged like an objective. */
  claim?: PlatformClaim;
}

/** What a scenario expects of the platform, and what the platform did. */
export interface PlatformClaim {
  what: string;
  wanted: string;
  observed: string;
  met: boolean;
}

export interface Injection {
  /** Proof that the fault is there (node really off, task really gone); undefined when it cannot be proven by `timeout` ms. */
  confirm(timeout: number): Promise<Evidence | undefined>;
  /** Takes the fault away. */
  heal(): Promise<void>;
  /** Proof that the fault is gone: the node answers again, the noisy neighbour is no more. */
  confirmHealed(timeout: number): Promise<Evidence | undefined>;
}

export interface Fault<O = unknown> {
  readonly name: string;
  /** One line for `plan`, `check` and the reference. */
  readonly summary: string;
  readonly options: z.ZodType<O>;
  /** Verbs it needs, of the platform or the power agent (`power.off`): checked at plan time. */
  needs(options: O): string[];
  /** Requests per second that it sends to the workload; left out where it sends none worth counting. */
  sends?(options: O): number | undefined;
  /** Namespaces that it makes beside the workload's; left out where it makes none. */
  beside?(namespace: string, options: O): string[];
  /** How long the fault is held before it is healed, in ms. */
  hold(options: O): number;
  /** Throws OperatorError when nothing fits the selector. */
  aim(world: World, options: O): Target[];
  /** What it does to the cluster: all that preflight, prediction and analysis know of it. */
  means(options: O): Meaning;
  inject(world: ActingWorld, targets: Target[], options: O): Promise<Injection>;
}
