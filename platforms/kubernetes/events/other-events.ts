import type { KubeObject, Lease } from '../api/objects.ts';
import { leaderOf } from '../state/inspect.ts';
import { type EventSource, type Tell, wallOf } from './event.ts';

export class LeaderEvents implements EventSource<Lease> {
  readonly #tell: Tell;
  #leader: string | undefined;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  seen(lease: Lease, { late }: { late: boolean }): void {
    const before = this.#leader;
    this.#leader = leaderOf(lease) ?? before;
    if (before === undefined || this.#leader === before) return;
    const wall = wallOf(lease.spec.acquireTime, late);
    this.#tell({ kind: 'leader-changed', text: `leader: ${before} → ${this.#leader}`, node: this.#leader!, ...wall });
  }

  gone(): void {}
}

export interface KubeEvent extends KubeObject {
  type?: 'Normal' | 'Warning';
  reason?: string;
  message?: string;
  count?: number;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  involvedObject?: { kind?: string; name?: string };
}

/** What only events tell: probes that fail, evictions, pods that find no place. Warnings, and these. */
const TELLING = new Set(['Killing', 'Preempted', 'Preempting', 'TaintManagerEviction', 'Evicted']);

export class ApiEvents implements EventSource<KubeEvent> {
  readonly #tell: Tell;
  /**
   * How often each was counted when it was last reported: a list that is read again contains what was reported already. And what happens
   * again and again is reported again when it is twice as often.
   */
  readonly #counts = new Map<string, number>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  seen(event: KubeEvent, { first, late }: { first: boolean; late: boolean }): void {
    const { type, reason = '', message = '', involvedObject, lastTimestamp, eventTime, count = 1 } = event;
    if (type !== 'Warning' && !TELLING.has(reason)) return;
    if (count < 2 * (this.#counts.get(event.metadata.name) ?? 0)) return;
    this.#counts.set(event.metadata.name, count);
    if (first) return;
    const about = [involvedObject?.kind?.toLowerCase(), involvedObject?.name].filter(Boolean).join(' ');
    const often = count > 1 ? ` (${count} times)` : '';
    const wall = wallOf(lastTimestamp ?? eventTime ?? undefined, late);
    this.#tell({ kind: 'other', text: `${about}: ${reason}: ${message.trim()}${often}`, ...wall });
  }

  gone(name: string): void {
    this.#counts.delete(name);
  }
}

export interface Slice extends KubeObject {
  endpoints?: { targetRef?: { name?: string }; conditions?: { ready?: boolean; serving?: boolean } }[] | null;
}

/** Who gets a Service's traffic. */
export class SliceEvents implements EventSource<Slice> {
  readonly #tell: Tell;
  readonly #behind = new Map<string, Set<string>>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  seen({ metadata, endpoints }: Slice, { first }: { first: boolean }): void {
    const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    const now = new Set(ready.map(({ targetRef }) => targetRef?.name ?? '?'));
    const before = this.#behind.get(metadata.name) ?? new Set();
    this.#behind.set(metadata.name, now);
    if (first) return;
    const service = metadata.labels?.['kubernetes.io/service-name'] ?? metadata.name;
    const changes = [
      ...[...before.difference(now)].map((pod) => `without ${pod}`),
      ...[...now.difference(before)].map((pod) => `with ${pod}`),
    ];
    if (changes.length === 0) return;
    this.#tell({ kind: 'other', text: `service ${service} ${changes.join(', ')}: ${now.size} behind it`, service });
  }

  gone(name: string): void {
    this.#behind.delete(name);
  }
}
