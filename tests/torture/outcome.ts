export interface Outcome {
  /** What did not hold; nothing when all did. */
  faults: string[];
  /** How many things were to be done to runs. */
  tries: number;
  /** How many of them met a run: one had begun, and had not ended. */
  met: number;
}
