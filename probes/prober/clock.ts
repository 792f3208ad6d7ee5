/** ms, with fraction, since an origin on CLOCK_MONOTONIC that another process chose. */
export interface Clock {
  now(): number;
  /** For a timer that fires at `time` or less than 1 ms after: timers know only whole ms. */
  delayUntil(time: number): number;
}

export function clockSince(origin: string): Clock {
  const zero = BigInt(origin);
  // performance.now() is the same clock with another origin, and cheaper to read. The two cannot be read at the same moment:
  // the closest of several pairs of reads is off by less than a microsecond.
  let offset = 0;
  let width = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    const before = performance.now();
    const since = Number(process.hrtime.bigint() - zero) / 1e6;
    const after = performance.now();
    if (after - before >= width) continue;
    width = after - before;
    offset = since - (before + after) / 2;
  }
  const now = () => performance.now() + offset;
  return { now, delayUntil: (time) => Math.max(1, Math.ceil(time - now())) };
}
