/** Who saw what: the computer that the suite ran on, and each further vantage. */
import type { Check, CheckKind, Findings, StreamFindings, VantageFindings } from '../analysis/findings.ts';
import { wasProbed, wasProbedSince } from '../analysis/streams/stream.ts';
import { formatDuration } from '../units/units.ts';
import { sayBracket, sayMany, sayOutageLength, sayShare } from './wording.ts';

export interface Saw {
  /** `here`, or the vantage's name. */
  name: string;
  /** One line: `nobody noticed`, `out for 14.0–14.1 s (vote)`. */
  what: string;
  isKnown: boolean;
}

/** What the suite's own computer is called among the vantages. */
export const HERE = 'here';

/** Nothing where the suite's own computer is the only place. */
export function whoSawWhat({ checks, streams, vantages = [], t0 }: Findings): Saw[] {
  if (vantages.length === 0) return [];
  const against = checks.filter(({ kind, verdict }) => verdict !== 'pass' && WATCHING.has(kind));
  return [
    {
      name: HERE,
      what: against.length > 0 ? `not known (${sayAgainst(against)})` : sayUsers(streams, t0 !== undefined),
      isKnown: against.length === 0,
    },
    ...vantages.map((one) => ({
      name: one.vantage,
      what: saySeen(one, t0?.from),
      isKnown: whyNothing(one) === undefined,
    })),
  ];
}

/** Why what was seen from there proves nothing; undefined if it does. */
export function whyNothing({ checks }: VantageFindings): string | undefined {
  const against = checks.filter(({ verdict }) => verdict !== 'pass');
  return against.length === 0 ? undefined : sayAgainst(against);
}

/** Without these, what was seen from here proves nothing, whatever the fault was. */
const WATCHING: ReadonlySet<CheckKind> = new Set(['prober-fit', 'steady-state', 'recording-whole']);

const sayAgainst = (checks: Check[]) => checks.map(({ what, observed }) => `${what}: ${observed}`).join('; ');

function saySeen(vantage: VantageFindings, t0: number | undefined): string {
  const why = whyNothing(vantage);
  if (why !== undefined) return `not known (${why})`;
  const seen = sayUsers(vantage.streams, t0 !== undefined);
  return vantage.until === undefined ? seen : `${seen}, ${sayUntil(vantage.until, t0 ?? 0)} (${vantage.lost})`;
}

/** From when on nothing is known of a vantage. */
export function sayUntil(until: number, zero: number): string {
  return `until ${formatDuration(until - zero)} after the fault; then not known`;
}

function sayUsers(streams: StreamFindings[], hasFault: boolean): string {
  const out = streams.filter(({ headline }) => headline !== undefined);
  if (out.length > 0) {
    return `out for ${out
      .toSorted((a, b) => b.headline!.outer - a.headline!.outer)
      .map(({ stream, headline }) => `${sayOutageLength(headline!)} (${stream})`)
      .join(', ')}`;
  }
  if (!streams.some(hasFault ? wasProbedSince : wasProbed)) return 'not probed';
  const failed = streams.reduce((sum, { during }) => sum + during.failed + during.indeterminate, 0);
  return failed === 0 ? 'nobody noticed' : `${sayMany(failed, 'request')} failed, never three in a row`;
}

/** How well the clock of a vantage is known: `± 0.4 ms`. */
export function sayClock({ clock }: VantageFindings): string {
  return clock === undefined ? 'not known' : `± ${formatDuration(clock.error)}`;
}

/** The longest outage of a stream from one place: its length, when it was, and how available the stream was. */
export function sayStreamSeen(
  stream: StreamFindings | undefined,
  zero: number,
): { outage: string; when?: string; share: string } {
  if (!stream || !wasProbed(stream)) return { outage: 'not probed', share: '' };
  const { headline, outages, availability } = stream;
  const share = `${sayShare(availability)} available`;
  if (!headline) return { outage: outages.length > 0 ? sayMany(outages.length, 'short outage') : 'no outage', share };
  const since = ({ from, to }: { from: number; to: number }) => sayBracket({ from: from - zero, to: to - zero });
  const ended = headline.open ? 'its end was not seen' : `to ${since(headline.end)}`;
  return { outage: sayOutageLength(headline), when: `from ${since(headline.start)} ${ended}`, share };
}
