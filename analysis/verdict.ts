import type { Check, VerdictKind } from './findings.ts';

const ORDER: readonly VerdictKind[] = ['fail', 'unknown', 'pass'];

/** fail before unknown before pass. No checks at all: unknown. */
export function mergeVerdicts(verdicts: readonly VerdictKind[]): VerdictKind {
  return ORDER.find((kind) => verdicts.includes(kind)) ?? 'unknown';
}

/** Fails first, then unknowns, then passes; otherwise the order is kept. */
export function sortChecks(checks: readonly Check[]): Check[] {
  return ORDER.flatMap((kind) => checks.filter(({ verdict }) => verdict === kind));
}

/**
 * Measurements by an unreliable prober, of a service that was never healthy, or of a fault that was never confirmed prove
 * nothing either way: if a validity check did not pass, every other check is unknown. Its numbers are kept for
 * information.
 */
export function unknownUnlessValid(validity: readonly Check[], checks: readonly Check[]): Check[] {
  const missing = validity.filter(({ verdict }) => verdict !== 'pass').map(({ what }) => what);
  if (missing.length === 0) return [...checks];
  return checks.map((check) => ({
    ...check,
    verdict: 'unknown',
    observed: `${check.observed} (proves nothing: ${missing.join(', ')})`,
  }));
}
