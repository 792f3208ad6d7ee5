import { conditionOf, type KubeNode } from '../api/objects.ts';
import { type EventSource, type Tell, wallOf } from './event.ts';

interface Known {
  ready: boolean;
  traits: Set<string>;
}

/** What becomes of nodes: ready or not, tainted, cordoned, gone. */
export class NodeEvents implements EventSource<KubeNode> {
  readonly #tell: Tell;
  readonly #known = new Map<string, Known>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  seen(node: KubeNode, { first, late }: { first: boolean; late: boolean }): void {
    const { name } = node.metadata;
    const condition = conditionOf(node, 'Ready');
    const now = { ready: condition?.status === 'True', traits: traitsOf(node) };
    const before = this.#known.get(name);
    this.#known.set(name, now);
    if (first) return;
    const wall = wallOf(condition?.lastTransitionTime, late);
    if (!before) {
      this.#tell({ kind: 'other', text: `node ${name}: joined`, node: name, ...wall });
      return;
    }
    if (now.ready && !before.ready)
      this.#tell({ kind: 'node-ready', text: `node ${name}: ready`, node: name, ...wall });
    if (!now.ready && before.ready) {
      const why = condition?.message ?? condition?.reason ?? 'it says nothing';
      this.#tell({ kind: 'node-down', text: `node ${name}: not ready (${why})`, node: name, ...wall });
    }
    for (const trait of now.traits.difference(before.traits)) this.#other(name, `now ${trait}`);
    for (const trait of before.traits.difference(now.traits)) this.#other(name, `no longer ${trait}`);
  }

  gone(name: string): void {
    if (this.#known.delete(name)) this.#tell({ kind: 'node-down', text: `node ${name}: removed`, node: name });
  }

  #other(node: string, text: string): void {
    this.#tell({ kind: 'other', text: `node ${node}: ${text}`, node });
  }
}

const PRESSURES = ['MemoryPressure', 'DiskPressure', 'PIDPressure'];

function traitsOf(node: KubeNode): Set<string> {
  const { unschedulable, taints = [] } = node.spec;
  return new Set([
    ...(unschedulable ? ['cordoned'] : []),
    ...PRESSURES.filter((type) => conditionOf(node, type)?.status === 'True').map((type) => `under ${type}`),
    ...taints
      .filter(({ key }) => key !== 'node.kubernetes.io/unschedulable')
      .map(({ key, effect }) => `tainted ${key}:${effect}`),
  ]);
}
