import type { Findings, Mark, Outage } from '../analysis/findings.ts';
import { wasProbed } from '../analysis/streams/stream.ts';
import { printable } from '../output/printable.ts';

/** One line per stream, one column per mark; durations in ms with their brackets, censored values as `>120000`. */
export function marksCsv({ streams }: Findings): string {
  const columns = [
    'stream',
    'first failure ms',
    'first success ms',
    'stable ms',
    'availability',
    'outages',
    'longest outage ms',
    'error seconds',
    'steady p95 ms',
    'after p95 ms',
    'failed',
    'indeterminate',
    'scheduled',
  ];
  const rows = streams.map((stream) => [
    name(stream.stream),
    mark(stream.tte),
    mark(stream.ttfs),
    mark(stream.ttsr),
    stream.availability,
    wasProbed(stream) ? stream.outages.length : '',
    stream.headline ? length(stream.headline) : '',
    stream.errorSeconds,
    stream.steady.latency.p95,
    stream.during.latency.p95,
    stream.during.failed,
    stream.during.indeterminate,
    stream.during.scheduled,
  ]);
  return `${[columns, ...rows].map((row) => row.map(field).join(',')).join('\n')}\n`;
}

/** A spreadsheet takes what begins like this for a formula, and runs it; an apostrophe makes it text. */
function name(text: string): string {
  return /^\s*[=+\-@|]/.test(text) ? `'${printable(text)}` : printable(text);
}

function length({ inner, outer, open }: Outage): string {
  return open ? `>${Math.round(inner)}` : `${Math.round(inner)}–${Math.round(outer)}`;
}

function mark({ ms, bracket, beyond }: Mark): string {
  if (ms === undefined) return beyond === undefined ? '' : `>${Math.round(beyond)}`;
  return bracket ? `${Math.round(ms)} [${Math.round(bracket.from)}–${Math.round(bracket.to)}]` : String(Math.round(ms));
}

/** Nothing where nothing was measured. */
function field(value: string | number | null): string {
  const text = typeof value === 'string' ? value : Number.isFinite(value) ? String(Number(value!.toFixed(4))) : '';
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
