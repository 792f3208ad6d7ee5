/** The run's clock: milliseconds since its origin on CLOCK_MONOTONIC, comparable between processes of one host. */
export interface Clock {
  /** The origin: ns on CLOCK_MONOTONIC, decimal, and the same moment in epoch ms. */
  readonly origin: { monotonic: string; wall: number };
  now(): number;
}

export function startClock(): Clock {
  const monotonic = process.hrtime.bigint();
  const wall = Date.now();
  return {
    origin: { monotonic: String(monotonic), wall },
    now: () => Number(process.hrtime.bigint() - monotonic) / 1e6,
  };
}
