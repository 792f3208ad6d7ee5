import type { z } from 'zod';
import { OperatorError } from '../units/operator-error.ts';
import type { Neighbours } from './neighbour.ts';
import type { NodeFilter } from './node-filter.ts';

/**
 * What the suite asks of a cluster, the same on every platform.
 *
 * Reading is free. Changing goes through one door, `perform`, with an `Act` that is plain data: so every change can be
 * written to the undo journal before it happens, and another process, or another machine, can carry its undo out.
 */

/** What a cluster file calls a platform; the registry says which there are. */
export type PlatformKind = string;

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** One change to a cluster, as data: a verb of the platform (`member.pause`) or of the power agent (`power.off`). */
export interface Act {
  verb: string;
  args: Record<string, Json>;
}

/** All that can be done, by name: what a verb's arguments are, with which of them it undoes what another did, and how long that may take, where it says so. */
export type Verbs = Readonly<
  Record<string, { args: z.ZodObject; isUndo(args: never): boolean; longest?(args: never): number }>
>;

/** A question to a platform, as data, named like a verb: `node.headroom`. Its answer is the platform's; nothing is changed. */
export interface Query {
  verb: string;
  args: Record<string, Json>;
}

/** A machine of the cluster. */
export interface Node {
  name: string;
  /** `manager` takes part in the control plane's quorum (also when it runs members too). */
  role: 'manager' | 'worker';
  leader: boolean;
  /** The control plane sees it alive. */
  ready: boolean;
  /** Of a manager, that it is one of `quorum.reachable`; as `ready` unless said. */
  votes?: boolean;
  /** The control plane would place new members on it (not drained, not cordoned). */
  schedulable: boolean;
  address: string;
  /** Further addresses of its own, and the networks of its members. Missing where there are none, or nobody knows. */
  networks?: string[];
  /** Its members have addresses of a cloud's own network: which, it does not say. */
  cloudAddressed?: true;
  labels: Record<string, string>;
  /** Why no fault can be aimed at it, in a few words; missing on ordinary nodes. */
  unfit?: string;
}

/** One replica of a service: a task, a pod, a guest. */
export interface Member {
  id: string;
  /** The workload's short service name (`vote`), without the namespace. */
  service: string;
  node: string;
  state: 'starting' | 'running' | 'stopping' | 'failed';
  /** Running and, where it has a health check, healthy. */
  ready: boolean;
  /** Where it lives, on platforms that must know it to find a member by its id. */
  namespace?: string;
  /** What the member calls itself where users see it (a container's id or host name), when known. */
  instance?: string;
}

/** The concrete thing that a fault will hit. `plan` shows it before anything happens. */
export type Target =
  | { kind: 'node'; node: string; why: string }
  | { kind: 'member'; member: Member; node: string; why: string }
  | { kind: 'service'; service: string; why: string };

/** `frozen`: it is there but gets no CPU (paused). `unknown`: its node does not answer. */
export type MemberCondition = 'running' | 'frozen' | 'gone' | 'unknown';

/** One timer of the platform that decides how long recovery takes. `ms` is its value in milliseconds. */
export interface Timer {
  name: string;
  ms: number;
  /** `read` from the cluster, or `assumed` from the platform's documented default because it cannot be read. */
  source: 'read' | 'assumed';
}

export interface Inspection {
  platform: PlatformKind;
  /** Versions that matter, by component: { docker: '20.10.24', kernel: '6.1.0' }. */
  versions: Record<string, string>;
  nodes: Node[];
  quorum: { managers: number; reachable: number; needed: number };
  timers: Timer[];
}

/** What a platform says of itself while it is watched. `wall` is the platform's own clock in epoch ms, when it tells. */
export interface PlatformEvent {
  kind:
    | 'node-down'
    | 'node-ready'
    | 'leader-changed'
    | 'member-scheduled'
    | 'member-started'
    | 'member-ready'
    | 'member-stopped'
    | 'member-failed'
    | 'control-plane-lost'
    | 'control-plane-back'
    /** What it tells of `unwatched` is not heard any more, and will not be: that nothing is told of it means nothing. */
    | 'unwatched'
    | 'other';
  text: string;
  unwatched?: 'nodes' | 'members' | 'leader';
  wall?: number;
  /** No events arrived for this long, ms, until this one was reported: it happened in between. */
  unseenFor?: number;
  node?: string;
  member?: string;
  service?: string;
}

/** What is deployed: a workload's own file for this platform, filled in, under a namespace of the run. */
export interface Deployment {
  /** A stack, a namespace: what keeps the run's things apart from others'. Always matches an `allow.namespaces` pattern. */
  namespace: string;
  /** The text of the compose file or manifests, variables already filled in. */
  manifest: string;
  /** How many ready members each service must have before the workload is ready. `all` = one a schedulable node. */
  services: Record<string, number | 'all'>;
  /** Labels put on everything that is created; always holds `brownout.run`. */
  labels: Record<string, string>;
}

export interface ExecResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Platform {
  readonly kind: PlatformKind;
  /** The verbs that `perform` knows, and which of them undo others. A fault that needs another is refused at plan time. */
  readonly verbs: Verbs;
  /** The questions that `query` knows, needed by faults like verbs. */
  readonly queries: readonly string[];
  /** The suite is a part of the cluster that it is connected to, as a pod is: one of its nodes is the suite's own. */
  readonly runsInside?: boolean;
  /** How it makes neighbours of the workload. Missing on platforms that make none. */
  readonly neighbours?: Neighbours;
  /** Missing where all traffic of what runs on a node goes through the node's packet filter. */
  readonly nodeFilter?: NodeFilter;
  /** A port that every node has open to its peers, where one is known. */
  readonly peerPort?: number;
  /** The cluster's own name servers, where it has them: their namespace, and a name that they always know. */
  readonly names?: { namespace: string; known: string };
  inspect(): Promise<Inspection>;
  /** Members in a namespace, optionally of one service. Members that ended are left out. */
  members(namespace: string, service?: string): Promise<Member[]>;
  /** Everything the platform reports from now on, until `signal` aborts. Reconnects by itself; never throws for an outage. */
  watch(namespace: string, signal: AbortSignal): AsyncIterable<PlatformEvent>;
  /**
   * Resolves once every service has its ready members; rejects, naming what is missing, after `timeout` ms. `tell` hears what is missing
   * meanwhile, a line for each service.
   */
  untilReady(
    deployment: Pick<Deployment, 'namespace' | 'services'>,
    timeout: number,
    signal?: AbortSignal,
    tell?: (missing: string[]) => void,
  ): Promise<void>;
  /**
   * Whether a manifest can be deployed as the cluster is now, and how, in a few words: what only trying tells is left out. Changes nothing.
   * Throws OperatorError where it cannot. Missing on platforms that tell only by trying.
   */
  mayDeploy?(deployment: Pick<Deployment, 'namespace' | 'manifest' | 'labels'>, uses: readonly Use[]): Promise<string>;
  /** Runs argv inside a member and waits for its end (at most `timeout` ms, default 10 s). */
  exec(member: Member, argv: string[], options?: { stdin?: string; timeout?: number }): Promise<ExecResult>;
  /** The suite reaches the node itself now, past the control plane (its Docker API, its kubelet). Bounded in time, never throws. */
  answers(node: string): Promise<boolean>;
  /** How far a node has said lately that it goes on, or ends; undefined where it says nothing. Missing where nodes are not shut down by the platform. */
  lastWord?(node: string): Promise<LastWord | undefined>;
  /** How a member is by the word of its own node, not of the control plane. Bounded in time, never throws. */
  condition(member: Member): Promise<MemberCondition>;
  /**
   * The only way to change the cluster. Idempotent: an act whose effect is already there succeeds. An answer `{ effect: { from,
   * to } }` says when it took effect (`performance.now()`), where getting ready for it took time. What carries no label of `ownRun`
   * (of any run, where none is given) is never taken away: PermanentError. `tell` hears what a long act waits for.
   */
  perform(act: Act, ownRun?: string, tell?: (waitingFor: string) => void): Promise<Json>;
  /** Asks what only some platforms can tell. Changes nothing. */
  query(query: Query): Promise<Json>;
  /**
   * Everything a run could have changed, as flat text by name: `node w1: active ready`, `service x: 2 replicas`,
   * `network …`, `volume …`, `config …`, containers of the suite. Two equal snapshots: the cluster is as before.
   */
  snapshot(): Promise<Record<string, string>>;
  /** What the suite's account must be allowed for these verbs and in every run, and whether it is. Missing on platforms without accounts. */
  rights?(verbs: readonly string[]): Promise<Right[]>;
  /** What carries the label `brownout.run` (of `run` when given): found without a journal. */
  leftovers(run?: string): Promise<Leftover[]>;
  /** The run that holds the lock of this cluster and has renewed it lately: it lives, here or on another machine. */
  lockHolder(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** What a node has last said of itself to its cluster. */
export interface LastWord {
  /** It is ending, or about to: what runs on it is being moved or stopped. */
  isGoing: boolean;
  /** When it said so, s, by its own clock. */
  told: number;
}

/** What a fault will need on members of which services, as far as it aims at members. */
export interface Use {
  fault: string;
  needs: readonly string[];
  services: readonly string[];
}

/** A right of the suite's account, in the platform's own words: `delete` `pods`. */
export interface Right {
  verb: string;
  resource: string;
  /** The verbs of acts that need it, or `every run`. */
  neededBy: string[];
  granted: boolean;
}

/** Something of a run that is still on the cluster, and the act that removes it. */
export interface Leftover {
  what: string;
  run: string;
  remove: Act;
}

/** What is asked for does not exist on this platform: a scenario that needs it is skipped there, with this reason. */
export class NotOffered extends OperatorError {}

/** There was only silence until the time was over, where a refusal would have been somebody's answer. */
export class Overdue extends OperatorError {}
