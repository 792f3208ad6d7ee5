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

/** Resolves after `ms`, or as soon as the signal aborts; never rejects. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms <= 0 || signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
