/**
 * How a node loses and regains power. Each kind is one file behind this interface; the acts `power.off` and `power.on`
 * ({ node }) reach it through the journal, like every other change.
 */
export type PowerState = 'on' | 'off' | 'unknown';

export interface Power {
  readonly kind: string;
  /**
   * Hard power-off: nothing on the node is notified. Resolves when the agent says it is done; `state` is the evidence.
   *
   * @returns what a report must say about it, by the agent's word: that it is less than a power cut
   */
  off(node: string): Promise<{ note?: string }>;
  on(node: string): Promise<void>;
  state(node: string): Promise<PowerState>;
}

/** How a cluster file says that nodes are switched off. */
export type PowerConfig =
  /** Shell commands; {node} is replaced. `state` prints on or off. */
  | { kind: 'command'; off: string; on: string; state: string; timeout: number }
  /** A ClusterLabs fence agent; `{node}` in values is replaced; secrets as references. */
  | { kind: 'fence'; agent: string; options: Record<string, string>; timeout: number }
  /** Nodes that are containers of a Docker engine (kind, k3d). */
  | { kind: 'docker'; host: string; container: string };
