import type { Probe, Result } from '../probes/probe.ts';

/** One attempt of a probe; abandoned after `patience` ms, when given. */
export function oneAttempt(
  probe: Probe,
  { seq = 0, patience }: { seq?: number; patience?: number | undefined } = {},
): Promise<Result> {
  return new Promise((resolve) => {
    const attempt = probe.send(seq, resolve);
    if (patience !== undefined) setTimeout(() => attempt.abandon(), patience);
  });
}
