/**
 * Apache's page. By default as the thesis asked it with `ab`: 1000 users who ask 20,000 times together, each again once it has its answer (a
 * closed model: it says what the server can take, not whether it was there). With `RATES` at a rate instead, whatever the server does.
 */
import { check } from 'k6';
import http from 'k6/http';
import type { Options } from 'k6/options';
import { common, entry, openLoad, rates, timeout } from './settings.ts';

const web = entry('web');

const closed = {
  executor: 'shared-iterations' as const,
  exec: 'page',
  vus: Number(__ENV.CONNECTIONS ?? 1000),
  iterations: Number(__ENV.AMOUNT ?? 20_000),
  maxDuration: '10m',
};
const open = rates();

export const options: Options = {
  ...common,
  scenarios: { page: open ? openLoad('page', open) : closed },
};

export function page(): void {
  const answer = http.get(web, { timeout, tags: { name: 'page' } });
  check(answer, { 'it works': ({ status, body }) => status === 200 && String(body).includes('It works!') });
}
