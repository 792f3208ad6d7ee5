/**
 * The outcome of a gate as JUnit XML, as CI systems read it: no more than every known schema has. None of them knows properties of a test case
 * but all know those of a suite; so a property's name begins with the file of its scenario.
 */
import type { Mark } from '../../analysis/findings.ts';
import { lostWrites } from '../../analysis/streams/durability.ts';
import { sayCheck, sayExpected, sayMark } from '../wording.ts';
import { type Gate, type GateCase, type JudgedOutcome, sayWhy } from './gate.ts';
import { element, type Xml } from './xml.ts';

/** Ends with a newline. The gate is green (exit code 0) if and only if no case is an error or a failure. */
export function renderJunit({ cases, troubles }: Gate): string {
  const groups = Map.groupBy(cases, ({ suites, cluster }) => [...suites, cluster].join('\n'));
  const suites = [...groups.values()].map(suiteOf);
  if (troubles.length > 0) suites.push(ofTheCommand(troubles));
  const all = suites.map(({ counts }) => counts);
  const sum = (of: keyof Counts) => all.reduce((total, counts) => total + counts[of], 0);
  const attributes = { name: 'brownout', tests: sum('tests'), failures: sum('failures'), errors: sum('errors') };
  const root = element(
    'testsuites',
    { ...attributes, time: seconds(sum('ms')) },
    suites.map(({ xml }) => xml),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root.text}\n`;
}

interface Counts {
  tests: number;
  failures: number;
  errors: number;
  skipped: number;
  ms: number;
}

interface Suite {
  xml: Xml;
  counts: Counts;
}

const seconds = (ms: number) => (ms / 1000).toFixed(3);

function suiteOf(cases: GateCase[]): Suite {
  const { suites, cluster } = cases[0]!;
  const results = cases.map(({ outcome }) => resultOf(outcome));
  const count = (kind: string) => results.filter((result) => result?.kind === kind).length;
  const counts: Counts = {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
    ms: cases.reduce((total, { outcome }) => total + durationOf(outcome), 0),
  };
  const began = cases.flatMap(({ outcome }) => (outcome.kind === 'judged' ? [outcome.meta.origin.wall] : []));
  const properties = cases.flatMap(propertiesOf);
  const { ms, ...counted } = counts;
  const attributes = {
    name: `${suites.join(' › ')} on ${cluster}`,
    package: suites[0],
    ...counted,
    time: seconds(ms),
    // Without a zone, as the schemas have it: UTC.
    timestamp: began.length === 0 ? undefined : new Date(Math.min(...began)).toISOString().slice(0, 19),
  };
  const xml = element('testsuite', attributes, [
    ...(properties.length === 0 ? [] : [element('properties', {}, properties)]),
    ...cases.map((one, index) => caseOf(one, results[index])),
  ]);
  return { xml, counts };
}

/** What no scenario's result tells stands as a case of its own: a reader that looks for red ones finds it. */
function ofTheCommand(troubles: string[]): Suite {
  const counts = { tests: 1, failures: 0, errors: 1, skipped: 0, ms: 0 };
  const { ms: _, ...counted } = counts;
  const error = element('error', { type: 'brownout', message: troubles[0] }, [troubles.join('\n\n')]);
  const one = element('testcase', { name: 'brownout run', classname: 'brownout', time: seconds(0) }, [error]);
  return {
    xml: element('testsuite', { name: 'brownout', package: 'brownout', ...counted, time: seconds(0) }, [one]),
    counts,
  };
}

function durationOf(outcome: GateCase['outcome']): number {
  if (outcome.kind !== 'judged') return 0;
  const { phases } = outcome.findings;
  return phases.length === 0 ? 0 : Math.max(0, phases.at(-1)!.to - phases[0]!.from);
}

function caseOf({ title, journey, suites, outcome }: GateCase, result: Result | undefined): Xml {
  // Dots part a class from its package.
  const classname = suites.map((suite) => suite.replaceAll('.', '_')).join('.');
  const attributes = { name: journey ?? title, classname, time: seconds(durationOf(outcome)) };
  return element('testcase', attributes, [
    ...(result ? [element(result.kind, { type: result.type, message: result.message }, [result.text])] : []),
    ...(outcome.kind === 'judged' ? [element('system-out', {}, [checksOf(outcome)])] : []),
  ]);
}

interface Result {
  kind: 'failure' | 'error' | 'skipped';
  type?: string;
  message: string;
  text: string;
}

/** Nothing for a case that is green. */
function resultOf(outcome: GateCase['outcome']): Result | undefined {
  const message = sayWhy(outcome);
  switch (outcome.kind) {
    case 'judged':
      return resultOfJudged(outcome, message);
    case 'skipped':
      return { kind: 'skipped', message, text: '' };
    case 'refused': {
      const text = outcome.hint === undefined ? message : `${message}\nWhat to do: ${outcome.hint}`;
      return { kind: 'error', type: 'refused', message, text };
    }
    case 'unended':
      return { kind: 'error', type: 'unknown', message, text: '' };
  }
}

function resultOfJudged({ gate, findings, notUndone }: JudgedOutcome, message: string): Result | undefined {
  const left = notUndone.map((line) => `Not undone: ${line}`);
  if (gate === 'pass') {
    return left.length === 0 ? undefined : { kind: 'error', type: 'not undone', message, text: left.join('\n') };
  }
  const red = findings.checks.filter(({ verdict }) => verdict !== 'pass');
  const text = [...red.map((check) => `${check.verdict}: ${sayCheck(check)}`), ...left].join('\n');
  return gate === 'unknown'
    ? { kind: 'error', type: 'unknown', message, text }
    : { kind: 'failure', type: red[0]?.kind ?? 'passed', message, text };
}

function checksOf({ findings, report }: JudgedOutcome): string {
  const checks = findings.checks.map((check) => `${check.verdict}: ${sayCheck(check)}`);
  return [`Run ${findings.run}`, ...checks, ...(report === undefined ? [] : [`Report: ${report}`])].join('\n');
}

function propertiesOf({ scenario, journey, outcome }: GateCase): Xml[] {
  if (outcome.kind !== 'judged') return [];
  const { meta, findings, gate } = outcome;
  const given: [name: string, value: string | number | undefined][] = [
    ['run', findings.run],
    ['verdict', findings.verdict],
    ['gate', gate],
    ['expected failure', sayExpected(meta, findings)],
    ...findings.streams.flatMap(({ stream, ttfs, ttsr, afterHealing, availability, headline, resilienceLoss }) => {
      const marks: [string, string | number | undefined][] = [
        ['first success, ms', numberOf(ttfs)],
        ['recovery, ms', numberOf(ttsr)],
        ['recovery, earliest ms', ttsr.bracket?.from],
        ['recovery, latest ms', ttsr.bracket?.to],
        ['recovery after healing, ms', afterHealing && numberOf(afterHealing)],
        ['availability', shareOf(availability)],
        ['longest outage, at least ms', headline?.inner],
        ['longest outage, at most ms', headline?.open ? undefined : headline?.outer],
        ['resilience loss, s', atLeast(shareOf(resilienceLoss), ttsr.beyond !== undefined)],
      ];
      return marks.map(([name, value]): [string, string | number | undefined] => [`${stream}: ${name}`, value]);
    }),
    ...findings.durability.map((found): [string, string | undefined] => [
      `${found.stream}: acknowledged writes lost`,
      lossOf(found),
    ]),
  ];
  return given
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => element('property', { name: `${journey ?? scenario}: ${name}`, value }));
}

/** Counted until the stream is stable: where it never was, there is more of it. */
function atLeast(value: number | string | undefined, isCensored: boolean): number | string | undefined {
  return value !== undefined && isCensored ? `> ${value}` : value;
}

/** A censored mark is no number: `> 2 min`. */
function numberOf(mark: Mark): string | number | undefined {
  return mark.ms ?? (mark.beyond === undefined ? undefined : sayMark(mark));
}

/** Nothing where nothing was measured. */
const shareOf = (value: number) => (Number.isFinite(value) ? value : undefined);

function lossOf(found: JudgedOutcome['findings']['durability'][number]): string | undefined {
  const lost = found.unknown === undefined && found.acknowledged > 0 ? lostWrites(found) : undefined;
  if (lost === undefined) return 'not known';
  return lost.from === lost.to ? String(lost.from) : `${lost.from} to ${lost.to}`;
}
