/** What the suite tells a script, as k6 hands it on: words by name. docs/load.md has the table. Without them `k6 run` of a script alone goes by its defaults. */

/** Where users come in, by the name that the cluster file gives it: `web-tls` is `ENTRY_WEB_TLS`. */
export function entry(name: string): string {
  const variable = `ENTRY_${name.toUpperCase().replaceAll('-', '_')}`;
  const url = __ENV[variable];
  if (!url)
    throw new Error(
      `no entry '${name}' in the cluster file: add it to \`entry\` there (where k6 runs alone: --env ${variable}=http://…)`,
    );
  return url;
}

/** What one request asks where a script asks one thing: the first entry that speaks HTTP. */
export function target(): string {
  const url = __ENV.TARGET;
  if (!url)
    throw new Error(
      'nothing to ask: the cluster file has no entry that speaks HTTP (where k6 runs alone: --env TARGET=http://…)',
    );
  return url;
}

/** Ids of writes are this and a whole number. */
export const idPrefix = __ENV.ID_PREFIX ?? `by-hand-${Date.now()}-`;

/** How long an answer may take, ms. k6 itself would wait a minute. */
export const timeout = Number(__ENV.TIMEOUT ?? 5000);

/** True: each request has a connection of its own. */
export const isNewConnection = __ENV.CONNECTION === 'new';

/** Requests/s over time: `from` at the beginning, then each rate of a stage, reached evenly within its seconds. */
export interface Rates {
  from: number;
  stages: readonly { rate: number; seconds: number }[];
}

/** `RATES=0,500:60,500:30`: from nothing to 500 requests/s within a minute, and so for half another. */
export function rates(): Rates | undefined {
  const { RATES } = __ENV;
  if (!RATES) return undefined;
  const read = (text = '') => {
    if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
    throw new Error(`RATES has '${text}' where a number was expected; such as RATES=0,500:60,500:30`);
  };
  const [from, ...stages] = RATES.split(',');
  return {
    from: read(from),
    stages: stages.map((stage) => {
      const [rate, seconds] = stage.split(':');
      return { rate: read(rate), seconds: read(seconds) };
    }),
  };
}

export function constant(rate: number, seconds: number): Rates {
  return { from: rate, stages: [{ rate, seconds }] };
}

/** k6 takes whole numbers of iterations: counted a minute, a share of a low rate is one, too. */
const UNIT_SECONDS = 60;

/**
 * An open load of k6: iterations begin at these rates, whether those before them have ended or not.
 *
 * @param exec the exported function that is an iteration: one request
 * @param share of the rates, 0 to 1
 */
export function openLoad(exec: string, { from, stages }: Rates, share = 1) {
  const perUnit = (rate: number) => Math.round(rate * share * UNIT_SECONDS);
  const highest = Math.max(from, ...stages.map(({ rate }) => rate)) * share;
  return {
    executor: 'ramping-arrival-rate' as const,
    exec,
    startRate: perUnit(from),
    timeUnit: `${UNIT_SECONDS}s`,
    stages: stages.map(({ rate, seconds }) => ({
      target: perUnit(rate),
      duration: `${Math.round(seconds * 1000)}ms`,
    })),
    ...usersFor(highest),
    // What was asked in time is waited for.
    gracefulStop: `${timeout + 1000}ms`,
  };
}

/**
 * Users that k6 keeps ready. While answers fail to come each request takes its whole timeout, and fewer users than rate × timeout would not begin all:
 * k6 drops those, and tells how many. Each takes about 0.3 MB, so there is an end to it.
 */
function usersFor(rate: number): { preAllocatedVUs: number; maxVUs: number } {
  const all = Math.min(5000, Math.max(10, Math.ceil((rate * (timeout + SLACK)) / 1000)));
  return { preAllocatedVUs: Math.min(all, Math.max(10, Math.ceil(rate / 5))), maxVUs: all };
}

/** What an iteration takes beside its request, on a busy machine, ms. */
const SLACK = 250;

/** What all scripts want of k6. */
export const common = {
  noConnectionReuse: isNewConnection,
  // Otherwise a name is looked up once in five minutes, and a moved service is not found. The other two are k6's own.
  dns: { ttl: '0', select: 'random' as const, policy: 'preferIPv4' as const },
};
