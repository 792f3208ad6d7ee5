/**
 * How a node loses and regains power. Each kind is one file behind this interface; the acts `power.off` and `power.on`
 * ({ node }) reach it through the journal, like every other change.
 */
export type PowerState = 'on' | 'off' | 'unknown';

export interface Power {
  readonly kind: string;
  /** Hard power-off: nothing on the node is told. Resolves when the agent says it is done; `state` is the evidence. */
  off(node: string): Promise<void>;
  on(node: string): Promise<void>;
  state(node: string): Promise<PowerState>;
}
