import type { ScriptLoad } from '../load.ts';

/** What a script is told of its load: `--env` of k6, by name. docs/load.md has the table. */
export function wordsFor(load: ScriptLoad): Record<string, string> {
  const { entries, idPrefix, timeout, connection, rate, connections, amount } = load;
  const [target] = Object.values(entries).filter((url) => /^https?:/.test(url));
  return {
    ...Object.fromEntries(Object.entries(entries).map(([name, url]) => [entryWord(name), url])),
    ...(target === undefined ? {} : { TARGET: target }),
    ID_PREFIX: idPrefix,
    TIMEOUT: String(timeout),
    CONNECTION: connection,
    ...(rate && { RATES: [rate.from, ...rate.stages.map((stage) => `${stage.rate}:${stage.for / 1000}`)].join(',') }),
    ...(connections === undefined ? {} : { CONNECTIONS: String(connections) }),
    ...(amount === undefined ? {} : { AMOUNT: String(amount) }),
  };
}

const entryWord = (name: string) => `ENTRY_${name.toUpperCase().replaceAll('-', '_')}`;

/** Arguments of `k6 run`, wherever it runs: nobody is called home, and the script sees no environment but these words. */
export function argumentsFor(load: ScriptLoad): string[] {
  return [
    '--no-usage-report',
    '--include-system-env-vars=false',
    ...Object.entries(wordsFor(load)).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
  ];
}
