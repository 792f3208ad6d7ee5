/** The result of a run for a terminal: the verdict first, then why, then the numbers. */
import type { Durability, Findings, VerdictKind } from '../analysis/findings.ts';
import { lostWrites } from '../analysis/streams/durability.ts';
import { wasProbed } from '../analysis/streams/stream.ts';
import { printable } from '../output/printable.ts';
import { joined, type Paint, type Piece, painter, type Styled, styled } from '../output/terminal.ts';
import type { RunMeta } from '../recording/recording.ts';
import { formatDuration } from '../units/units.ts';
import { cleanUpOf } from './clean-up.ts';
import { type Leg, legs } from './legs.ts';
import { sayKnee, sayLoad } from './load-findings.ts';
import { sayClock, whoSawWhat } from './vantages.ts';
import {
  sayBacklog,
  sayBracket,
  sayCount,
  sayExpected,
  sayFaults,
  sayLargeFile,
  sayLatency,
  sayLost,
  sayMany,
  sayMark,
  sayMarkWithin,
  sayOutageLength,
  sayShare,
  sayShares,
  sayShown,
  sayVerdict,
  splitWords,
  verdictWords,
} from './wording.ts';

export interface TerminalOptions {
  color: boolean;
  /** Columns; at least 60 are assumed, because the layout needs that many. */
  width: number;
}

const verdictColour = { pass: 'green', fail: 'red', unknown: 'yellow' } as const;
const verdictMark: Record<VerdictKind, string> = { pass: 'pass   ', fail: 'FAIL   ', unknown: 'UNKNOWN' };

/** Ends without a newline. */
export function renderSummary(meta: RunMeta, findings: Findings, { color, width }: TerminalOptions): Styled {
  const paint = painter(color);
  const columns = Math.min(110, Math.max(60, width));
  const blocks = [
    head(meta, findings, paint),
    checks(findings, paint, columns),
    split(findings, paint, columns),
    streams(findings, paint),
    vantages(findings, paint),
    durability(findings, paint),
    largeFiles(findings, paint),
    load(findings, paint),
    predictions(findings, paint),
    certificates(meta, findings, paint),
    remarks(meta, findings, paint),
  ];
  const filled = blocks.filter((block) => block.length > 0).map((block) => joined(block, '\n'));
  return joined(filled, '\n\n');
}

function head(meta: RunMeta, findings: Findings, paint: Paint): Piece[] {
  const { scenario, cluster } = meta;
  const lines = [
    styled`${paint(['bold', verdictColour[findings.verdict]], verdictWords[findings.verdict].toUpperCase())}  ${paint('bold', findings.title)}`,
    paint(
      'dim',
      `${scenario.workload} (${scenario.variant}), ${sayFaults(meta)}, on ${cluster.name} (${cluster.platform})  ${findings.run}`,
    ),
    sayVerdict(findings),
  ];
  const expected = sayExpected(meta, findings);
  return expected ? [...lines, expected] : lines;
}

/** Failed and unknown checks in full; passed ones shortened to one line. */
function checks({ checks }: Findings, paint: Paint, columns: number): Piece[] {
  const names = longest(checks.map(({ what }) => what));
  const seen = Math.min(40, longest(checks.map(({ observed }) => observed)));
  return checks.map(({ verdict, what, observed, wanted }) => {
    const line = printable(`${what.padEnd(names)}  ${observed.padEnd(seen)}  wanted ${wanted}`);
    const room = columns - verdictMark.pass.length - 2;
    const shown = verdict === 'pass' && line.length > room ? `${line.slice(0, room - 1)}…` : line;
    return styled`${paint(verdictColour[verdict], verdictMark[verdict])}  ${shown}`;
  });
}

function split(findings: Findings, paint: Paint, columns: number): Piece[] {
  const all = legs(findings.split);
  if (all.length === 0) return [];
  const names = longest(all.map(({ step }) => splitWords[step]));
  const room = Math.max(10, columns - names - 23);
  const end = Math.max(1, ...all.map(({ mark }) => mark.ms ?? mark.beyond ?? 0));
  const cell = (ms: number) => Math.round((Math.max(0, ms) / end) * room);
  const bar = ({ from, took, mark }: Leg) => {
    const to = took === undefined ? mark.beyond : from + took;
    if (to === undefined) return ' '.repeat(room);
    const [left, right] = [Math.min(cell(from), room - 1), cell(to)];
    const width = Math.max(1, right - left);
    return (' '.repeat(left) + (took === undefined ? '░' : '█').repeat(width)).padEnd(room);
  };
  return [
    paint('bold', 'Where the time went, since the fault'),
    ...all.map((leg) => {
      const took = leg.took === undefined ? '' : `+${formatDuration(leg.took)}`;
      return styled`  ${splitWords[leg.step].padEnd(names)}  ${paint('cyan', bar(leg))} ${took.padStart(8)}  ${sayMark(leg.mark)}`;
    }),
  ];
}

function streams({ streams }: Findings, paint: Paint): Piece[] {
  if (streams.length === 0) return [];
  const rows = [
    ['Stream', 'recovered', 'available', 'outages', 'longest', 'p95 before → after'],
    ...streams.map((one) => {
      const { stream, ttsr, availability, outages, headline, steady, during } = one;
      return [
        printable(stream),
        sayMarkWithin(ttsr),
        sayShare(availability),
        wasProbed(one) ? sayCount(outages.length) : '–',
        headline ? sayOutageLength(headline) : '–',
        `${sayLatency(steady.latency.p95)} → ${sayLatency(during.latency.p95)}`,
      ];
    }),
  ];
  const widths = rows[0]!.map((_, column) => longest(rows.map((row) => row[column]!)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return [paint('bold', lines[0]!), ...lines.slice(1), ...streams.flatMap(connections)];
}

/** Who saw what, where there are several places. */
function vantages(findings: Findings, paint: Paint): Piece[] {
  const saw = whoSawWhat(findings);
  if (saw.length === 0) return [];
  const names = longest(saw.map(({ name }) => name));
  const clocks = new Map((findings.vantages ?? []).map((one) => [one.vantage, `  (clock ${sayClock(one)})`]));
  return [
    paint('bold', 'Who saw what'),
    ...saw.map(({ name, what, isKnown }) => {
      const line = printable(`  from ${name.padEnd(names)}  ${what}`);
      return styled`${isKnown ? line : paint('yellow', line)}${paint('dim', isKnown ? (clocks.get(name) ?? '') : '')}`;
    }),
  ];
}

/** What of a stream's connections was not as usual. */
function connections({ stream, askedAgain, addresses }: Findings['streams'][number]): Piece[] {
  return [
    ...(askedAgain === undefined
      ? []
      : [`  ${stream}: ${sayMany(askedAgain, 'probe')} asked again on a new connection`]),
    ...(addresses === undefined ? [] : [`  ${stream}: answered by ${sayShares(addresses)}`]),
  ];
}

const SHOWN_IDS = 10;

function durability({ durability }: Findings, paint: Paint): Piece[] {
  if (durability.length === 0) return [];
  return [paint('bold', 'Acknowledged writes'), ...durability.flatMap((one) => oneStream(one, paint))];
}

function oneStream(found: Durability, paint: Paint): Piece[] {
  const { stream, acknowledged, lost, truncated = [], altered = [], indeterminate, unrecorded, recovered } = found;
  const { backlog, unknown } = found;
  if (unknown !== undefined) return [`  ${stream}: not known, ${unknown}`];
  const range = lostWrites(found);
  const said = acknowledged === 0 ? 'so none could be lost' : sayLost(range);
  const line = styled`  ${stream}: ${sayMany(acknowledged, 'write')} acknowledged, ${range?.from ? paint('red', said) : said}`;
  const rest = [
    unrecorded !== undefined && `${sayCount(unrecorded)} not recorded`,
    indeterminate > 0 && `${sayCount(indeterminate)} never answered (${sayCount(recovered)} of them found)`,
    backlog && sayBacklog(backlog),
  ].filter((part) => typeof part === 'string');
  return [
    joined([line, ...rest], '; '),
    ...idsLine(range?.from === range?.to ? 'lost' : 'not found', lost),
    ...idsLine('truncated', truncated),
    ...idsLine('altered', altered),
  ];
}

function idsLine(word: string, ids: string[]): string[] {
  if (ids.length === 0) return [];
  const more = ids.length > SHOWN_IDS ? ` and ${sayCount(ids.length - SHOWN_IDS)} more` : '';
  return [`    ${word}: ${ids.slice(0, SHOWN_IDS).join(' ')}${more}`];
}

function largeFiles({ largeFiles = [] }: Findings, paint: Paint): Piece[] {
  if (largeFiles.length === 0) return [];
  const lines = largeFiles.flatMap((one) => sayLargeFile(one).map((said) => `  ${printable(one.stream)}: ${said}`));
  return [paint('bold', 'Large files'), ...lines];
}

function load({ load }: Findings, paint: Paint): Piece[] {
  if (!load) return [];
  return [paint('bold', 'Load'), ...[sayLoad(load), ...sayKnee(load)].map((said) => `  ${printable(said)}`)];
}

function predictions({ predictions, unpredicted }: Findings, paint: Paint): Piece[] {
  if (predictions.length === 0 && unpredicted === undefined) return [];
  return [
    paint('bold', 'Predicted from the platform’s timers'),
    ...(unpredicted === undefined ? [] : [`  ${unpredicted}`]),
    ...predictions.flatMap(({ what, window, measured, holds, note }) => [
      `  ${what}: ${sayBracket(window)}, measured ${sayMarkWithin(measured)}${holds === false ? ' (outside)' : ''}`,
      ...(note === undefined ? [] : [`    ${note}`]),
    ]),
  ];
}

function certificates(meta: RunMeta, { certificates = [] }: Findings, paint: Paint): Piece[] {
  if (certificates.length === 0) return [];
  return [
    paint('bold', 'Certificates of the entries'),
    ...certificates.map((shown) => `  ${printable(`${shown.target}: ${sayShown(shown, meta)}`)}`),
  ];
}

function remarks(meta: RunMeta, findings: Findings, paint: Paint): Piece[] {
  const { sentence, items, command, isDone } = cleanUpOf(meta, findings);
  return [
    ...findings.warnings.map((warning) => styled`${paint('yellow', 'warning')}  ${warning}`),
    ...(isDone ? [] : [styled`${paint('red', 'clean-up')} ${sentence}`]),
    ...items.map(({ kind, text }) => styled`${paint('red', kind.padEnd(7))}  ${text}`),
    ...(command === undefined ? [] : [`  What to do: ${command}`]),
  ];
}

function longest(texts: string[]): number {
  return texts.reduce((most, text) => Math.max(most, text.length), 0);
}
