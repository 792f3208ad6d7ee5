/** The outcome of a gate as Markdown, for the page of a CI job or a pull request. */
import { slowestStream } from '../../analysis/events/recovery-split.ts';
import { lostWrites } from '../../analysis/streams/durability.ts';
import { cleanUpOf } from '../clean-up.ts';
import { harmlessText } from '../harmless.ts';
import { sayKnee, sayLoad } from '../load-findings.ts';
import { inline } from '../markdown.ts';
import { whoSawWhat } from '../vantages.ts';
import {
  leastAvailable,
  sayBracket,
  sayCheck,
  sayExpected,
  sayLost,
  sayMany,
  sayMark,
  sayMarkWithin,
  sayOutageLength,
  sayShare,
  sayShown,
} from '../wording.ts';
import { type Gate, type GateCase, type JudgedOutcome, sayCode, sayOutcome, sayWhy } from './gate.ts';

/** What GitHub takes of one step, bytes; a page that is one byte longer is not shown at all. */
export const LARGEST = 2 ** 20;
/** Of one text of others, characters. */
const LONGEST = 400;
/** For the line that says how much is left out, bytes. */
const SPARE = 200;

/**
 * Ends with a newline. What matters most stands first: where all would be `room` bytes or more, the end is left out, and that is said.
 */
export function renderGateSummary(gate: Gate, room = LARGEST): string {
  const parts = [head, table, red, vantages, loads, predictions, certificates];
  const blocks = parts.map((part) => part(gate)).filter((lines) => lines.length > 0);
  const lines = blocks.flatMap((block) => [...block, '']).slice(0, -1);
  let bytes = SPARE;
  const fitting = lines.findIndex((line) => {
    bytes += Buffer.byteLength(line) + 1;
    return bytes >= room;
  });
  if (fitting < 0) return `${lines.join('\n')}\n`;
  const left = `${sayMany(lines.length - fitting, 'line is', 'lines are')} left out here: this page has room for ${room} bytes.`;
  return `${[...lines.slice(0, fitting), '', left].join('\n')}\n`;
}

const say = (text: string) => inline(harmlessText(text, LONGEST));
const row = (cells: string[]) => `| ${cells.join(' | ')} |`;
const isRed = ({ outcome }: GateCase) => !['passed', 'skipped'].includes(sayOutcome(outcome));

function head({ code, cases, troubles, pages }: Gate): string[] {
  const counts = Map.groupBy(cases, ({ outcome }) => sayOutcome(outcome));
  const counted = [...counts].map(([word, those]) => `${those.length} ${word}`).join(', ');
  const first = cases.find(isRed);
  return [
    `# brownout: ${sayCode(code)}`,
    '',
    `Exit code ${code}. ${cases.length === 0 ? 'No scenario was run.' : `${sayMany(cases.length, 'scenario')}: ${counted}.`}`,
    ...troubles.flatMap((trouble) => ['', `**Not green:** ${say(trouble)}`]),
    ...(first === undefined ? [] : ['', `**First:** ${nameOf(first)}: ${say(sayWhy(first.outcome))}`]),
    ...(pages.length === 0 ? [] : ['', `Allure report: ${pages.map(say).join(', ')}`]),
  ];
}

const nameOf = ({ title, journey, cluster }: GateCase) => `${say(journey ?? title)} on ${say(cluster)}`;

function table({ cases }: Gate): string[] {
  if (cases.length === 0) return [];
  const columns = ['Verdict', 'Scenario', 'Cluster', 'Recovery', 'Available', 'Longest outage', 'Writes', 'Report'];
  return [row(columns), row(columns.map(() => '---')), ...cases.map((one) => row(rowOf(one)))];
}

function rowOf(one: GateCase): string[] {
  const { title, suites, journey, cluster, outcome } = one;
  const scenario = `${say(journey ?? title)}<br>${say(suites.join(', '))}`;
  const start = [`**${sayOutcome(outcome)}**`, scenario, say(cluster)];
  if (outcome.kind !== 'judged') return [...start, say(sayWhy(outcome)), '', '', '', ''];
  const { findings, meta, report } = outcome;
  const { streams, durability } = findings;
  const expected = sayExpected(meta, findings);
  const slowest = slowestStream(streams);
  const least = leastAvailable(streams);
  const longest = streams
    .flatMap(({ stream, headline }) => (headline === undefined ? [] : [{ stream, headline }]))
    .toSorted((a, b) => Number(b.headline.open) - Number(a.headline.open) || b.headline.outer - a.headline.outer)[0];
  const of = (stream: string | undefined, value: string) => (stream === undefined ? '–' : `${value}, ${say(stream)}`);
  return [
    expected === undefined ? start[0]! : `${start[0]}<br>${say(expected)}`,
    ...start.slice(1),
    of(slowest?.stream, slowest ? sayMarkWithin(slowest.ttsr) : ''),
    of(least?.stream, sayShare(least?.availability)),
    of(longest?.stream, longest ? sayOutageLength(longest.headline) : ''),
    durability
      .map((found) => `${say(found.stream)}: ${found.unknown ? 'not known' : sayLost(lostWrites(found))}`)
      .join('<br>') || '–',
    report === undefined ? '–' : say(report),
  ];
}

/** Of each that is not green: every check that is not met, what users noticed first, and what is left in the cluster. */
function red({ cases }: Gate): string[] {
  const all = cases.filter(isRed);
  return all.length === 0
    ? []
    : ['## Not green', ...all.flatMap((one) => ['', `### ${nameOf(one)}`, '', ...details(one)])];
}

function details(one: GateCase): string[] {
  const { outcome } = one;
  if (outcome.kind !== 'judged') {
    const hint = outcome.kind === 'refused' && outcome.hint ? [`- To do: ${say(outcome.hint)}`] : [];
    return [`- ${sayOutcome(outcome)}: ${say(sayWhy(outcome))}`, ...hint];
  }
  const { findings, meta, notUndone } = outcome;
  const { items, command, sentence, isDone } = cleanUpOf(meta, findings);
  const expected = sayExpected(meta, findings);
  return [
    ...(expected === undefined ? [] : [`- ${say(expected)}`]),
    ...findings.checks
      .filter(({ verdict }) => verdict !== 'pass')
      .map((check) => `- **${check.verdict}** ${say(sayCheck(check))}`),
    ...firstFailure(outcome),
    ...findings.warnings.map((warning) => `- Warning: ${say(warning)}`),
    ...(isDone ? [] : [`- Clean-up: ${say(sentence)}`]),
    ...items.map(({ text }) => `- Left: ${say(text)}`),
    ...notUndone.map((text) => `- Not undone: ${say(text)}`),
    ...(command === undefined ? [] : [`- To put it right: ${say(command)}`]),
  ];
}

function firstFailure({ findings }: JudgedOutcome): string[] {
  const first = findings.split.find(({ step }) => step === 'first failure');
  return first?.mark.ms === undefined
    ? []
    : [`- Users noticed first: ${say(first.from)}, ${sayMark(first.mark)} after the fault`];
}

function predictions({ cases }: Gate): string[] {
  const rows = cases.flatMap(({ title, cluster, outcome }) => {
    if (outcome.kind !== 'judged') return [];
    return outcome.findings.predictions.map(({ what, window, measured, holds, note }) =>
      row([
        say(title),
        say(cluster),
        say(what),
        sayBracket(window),
        `${sayMarkWithin(measured)}${holds === false ? ' **(outside)**' : ''}`,
        note === undefined ? '' : say(note),
      ]),
    );
  });
  if (rows.length === 0) return [];
  const columns = ['Scenario', 'Cluster', 'What', 'Predicted', 'Measured', 'Note'];
  return ['## Predicted beside measured', '', row(columns), row(columns.map(() => '---')), ...rows];
}

function vantages({ cases }: Gate): string[] {
  const saw = cases.flatMap((one) => {
    const all = one.outcome.kind === 'judged' ? whoSawWhat(one.outcome.findings) : [];
    return all.map(({ name, what }) => `- ${nameOf(one)} from ${say(name)}: ${say(what)}`);
  });
  return saw.length === 0 ? [] : ['## Who saw what', '', ...saw];
}

function loads({ cases }: Gate): string[] {
  const sent = cases.flatMap((one) => {
    const load = one.outcome.kind === 'judged' ? one.outcome.findings.load : undefined;
    return load ? [`- ${nameOf(one)}: ${say([sayLoad(load), ...sayKnee(load)].join('; '))}`] : [];
  });
  return sent.length === 0 ? [] : ['## Load', '', ...sent];
}

/** Each that an entry showed, once, however many scenarios saw it. */
function certificates({ cases }: Gate): string[] {
  const shown = cases.flatMap(({ outcome }) => {
    if (outcome.kind !== 'judged') return [];
    const { findings, meta } = outcome;
    return (findings.certificates ?? []).map((one) => `- ${say(one.target)}: ${say(sayShown(one, meta))}`);
  });
  return shown.length === 0 ? [] : ['## Certificates of the entries', '', ...new Set(shown)];
}
