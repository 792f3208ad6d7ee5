import type { LrmMode, NodeState } from './state.ts';

/** A node that has been away for so long is fenced, seconds. */
const FENCE_DELAY = 60;
/** A node that the cluster does not know any more is forgotten after so long, seconds. */
const FORGET_DELAY = 3600;

/** How the master sees the nodes. When they were last seen is its own memory: a new master starts anew. */
export class Nodes {
  readonly states: Record<string, NodeState>;
  readonly #lastOnline = new Map<string, number>();
  readonly #onChange: (node: string, from: NodeState, to: NodeState) => void;

  constructor(states: Record<string, NodeState>, onChange: (node: string, from: NodeState, to: NodeState) => void) {
    this.states = { ...states };
    this.#onChange = onChange;
  }

  stateOf(node: string): NodeState {
    return this.states[node] ?? 'unknown';
  }

  isOnline(node: string): boolean {
    return this.stateOf(node) === 'online';
  }

  all(): string[] {
    return Object.keys(this.states).sort();
  }

  online(): string[] {
    return this.all().filter((node) => this.isOnline(node));
  }

  /** @param members every node of the cluster; true: in this partition */
  update(members: Record<string, boolean>, modes: Record<string, LrmMode>, now: number): void {
    for (const node of Object.keys(members).sort()) {
      if (!members[node]) continue;
      this.#lastOnline.set(node, now);
      const state = this.stateOf(node);
      if (state === 'online' && modes[node] === 'maintenance') this.set(node, 'maintenance');
      if (state === 'maintenance' && modes[node] !== 'maintenance') this.set(node, 'online');
      if (state === 'unknown' || state === 'gone') this.set(node, 'online');
      // fence: until that is done, it is not believed to be back.
    }
    for (const node of this.all()) {
      if (members[node]) continue;
      const state = this.stateOf(node);
      // A node whose LRM said that it is in maintenance has nothing that runs: it may be away.
      if (state === 'online' || (state === 'maintenance' && modes[node] !== 'maintenance')) this.set(node, 'unknown');
      if (state === 'unknown' && !(node in members)) this.set(node, 'gone');
      if (state === 'gone' && this.isAwayFor(node, now, FORGET_DELAY)) this.#forget(node);
    }
  }

  /** Not online, and not seen for so long. Who never was seen is, for the first time, now. */
  isAwayFor(node: string, now: number, seconds = FENCE_DELAY): boolean {
    if (this.isOnline(node)) return false;
    const last = this.#lastOnline.get(node);
    if (last !== undefined) return now - last >= seconds;
    this.#lastOnline.set(node, now);
    return false;
  }

  set(node: string, state: NodeState): void {
    const before = this.stateOf(node);
    if (before === state) return;
    this.states[node] = state;
    this.#onChange(node, before, state);
  }

  #forget(node: string): void {
    delete this.states[node];
    this.#lastOnline.delete(node);
  }
}
