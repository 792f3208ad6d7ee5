import type { VerdictKind } from '../analysis/findings.ts';

/** The command's exit codes. A gate in CI is green on `pass` alone. */
export const exit = { pass: 0, fail: 1, unknown: 2, refused: 3, notUndone: 4 } as const;

/** The code of several runs: what was not undone, then a refusal, then a failure, then an unknown. */
export function worstExit(codes: number[]): number {
  const order = [exit.notUndone, exit.refused, exit.fail, exit.unknown];
  return order.find((code) => codes.includes(code)) ?? exit.pass;
}

/** A scenario that says `expect: fail` is green when, and only when, its verdict is fail. */
export function exitOf(verdict: VerdictKind, expect: 'pass' | 'fail'): number {
  if (verdict === 'unknown') return exit.unknown;
  return verdict === expect ? exit.pass : exit.fail;
}
