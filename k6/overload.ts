/**
 * More and more requests, up to more than the target can take, and back: where does it bend, and does it come back? What was asked and what was answered
 * in each second tells it; k6's own totals do not.
 */
import http from 'k6/http';
import type { Options } from 'k6/options';
import { common, openLoad, type Rates, rates, target, timeout } from './settings.ts';

const url = target();

/** Up evenly, a while at the top, down at once, and long enough at a tenth to see whether it recovers. */
const upAndBack: Rates = {
  from: 0,
  stages: [
    { rate: 2000, seconds: 60 },
    { rate: 2000, seconds: 10 },
    { rate: 200, seconds: 1 },
    { rate: 200, seconds: 60 },
  ],
};

export const options: Options = {
  ...common,
  discardResponseBodies: true,
  scenarios: { requests: openLoad('request', rates() ?? upAndBack) },
};

export function request(): void {
  http.get(url, { timeout, tags: { name: 'overload' } });
}
