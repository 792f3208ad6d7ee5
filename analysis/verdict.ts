import type { Check, VerdictKind } from './findings.ts';

const ORDER: readonly VerdictKind[] = ['fail', 'unknown', 'pass'];

/** fail before unknown before pass. Nothing checked is nothing known. */
export function mergeVerdicts(verdicts: readonly VerdictKind[]): VerdictKind {
  return ORDER.find((kind) => verdicts.includes(kind)) ?? 'unknown';
}

/** Fails first, then unknowns, then passes; in each the order in which they were made. */
export function sortChecks(checks: readonly Check[]): Check[] {
  return ORDER.flatMap((kind) => checks.filter(({ verdict }) => verdict === kind));
}

/**
 * What was measured by a prober that cannot be believed, of a service that was never well, or of a fault that nobody
 * saw, proves nothing either way: a check stands only when everything that it rests on passed. The numbers stay for
 * reading.
 */
export function restingOn(validity: readonly Check[], checks: readonly Check[]): Check[] {
  const missing = validity.filter(({ verdict }) => verdict !== 'pass').map(({ what }) => what);
  if (missing.length === 0) return [...checks];
  return checks.map((check) => ({
    ...check,
    verdict: 'unknown',
    observed: `${check.observed} (proves nothing: ${missing.join(', ')})`,
  }));
}
