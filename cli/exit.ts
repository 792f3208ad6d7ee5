/** The command's exit codes. A gate in CI is green on `pass` alone. */
export const exit = { pass: 0, fail: 1, unknown: 2, refused: 3, notUndone: 4 } as const;

/** The code of several runs: what was not undone, then a refusal, then a failure, then an unknown. */
export function worstExit(codes: number[]): number {
  const order = [exit.notUndone, exit.refused, exit.fail, exit.unknown];
  return order.find((code) => codes.includes(code)) ?? exit.pass;
}
