/** Users of the voting app, at a rate: one in ten votes, the others look at the result page. Each vote is by a voter of its own. */
import { check } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Gauge } from 'k6/metrics';
import type { Options } from 'k6/options';
import { common, constant, entry, idPrefix, openLoad, rates, timeout } from './settings.ts';

const VOTES = 0.1;

const vote = entry('vote');
const result = entry('result');

/** The number of each vote that was acknowledged: the suite looks for it when the run is over. */
const acknowledged = new Gauge('acknowledged');

const all = rates() ?? constant(100, 60);
export const options: Options = {
  ...common,
  scenarios: {
    votes: openLoad('votes', all, VOTES),
    results: openLoad('results', all, 1 - VOTES),
  },
};

export function votes(): void {
  // Counted over all runners, where there are several.
  const number = exec.scenario.iterationInTest;
  const answer = http.post(
    vote,
    { vote: 'a' },
    { cookies: { voter_id: `${idPrefix}${number}` }, timeout, tags: { name: 'vote' } },
  );
  const taken = check(answer, {
    'the vote was taken': ({ status, body }) => status === 200 && String(body).includes('Processed by container ID'),
  });
  if (taken) acknowledged.add(number);
}

export function results(): void {
  const answer = http.get(result, { timeout, tags: { name: 'result' } });
  check(answer, { 'the results are shown': ({ status }) => status === 200 });
}
