/** The exit codes of the command. A CI gate is green only on `pass`. */
export const exit = { pass: 0, fail: 1, unknown: 2, refused: 3, notUndone: 4 } as const;

/** The exit code for several runs, the worst first: not undone, refused, fail, unknown; then one of another program (`lab shell`). */
export function worstExit(codes: number[]): number {
  const order = [exit.notUndone, exit.refused, exit.fail, exit.unknown];
  return order.find((code) => codes.includes(code)) ?? codes.find((code) => code !== exit.pass) ?? exit.pass;
}
