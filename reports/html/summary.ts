/** The top of the report: what was done, the result, and whether it can be trusted. */
import { slowestStream } from '../../analysis/events/recovery-split.ts';
import type { CheckKind, Durability, Findings, Outage, StreamFindings } from '../../analysis/findings.ts';
import { lostWrites } from '../../analysis/streams/durability.ts';
import { wasProbedSince } from '../../analysis/streams/stream.ts';
import type { RunMeta } from '../../recording/recording.ts';
import { formatDuration } from '../../units/units.ts';
import { cleanUpOf } from '../clean-up.ts';
import {
  sayCount,
  sayExpected,
  sayFaults,
  sayMany,
  sayMark,
  sayOutageLength,
  sayShare,
  sayVerdict,
  verdictWords,
} from '../wording.ts';
import { html, type Markup } from './markup.ts';

const verdictSigns = { pass: '✓', fail: '✕', unknown: '?' } as const;

export function header(meta: RunMeta, findings: Findings): Markup {
  const { scenario, cluster } = meta;
  const expected = sayExpected(meta, findings);
  const facts = [
    ['Workload', `${scenario.workload} (${scenario.variant})`],
    ['Fault', sayFaults(meta)],
    ['Cluster', `${cluster.name} (${cluster.platform})`],
    ['Run', findings.run],
    ['Began', `${new Date(meta.origin.wall).toISOString().slice(0, 19).replace('T', ' ')} UTC`],
  ] as const;
  return html`<header>
<div class="verdict ${findings.verdict}"><span aria-hidden="true">${verdictSigns[findings.verdict]}</span> ${verdictWords[findings.verdict]}</div>
<h1>${findings.title}</h1>
<p class="lead">${sayVerdict(findings)}</p>
${expected ? html`<p class="dim">${expected}</p>` : false}
<ul class="facts">${facts.map(([name, value]) => html`<li>${name} <b>${value}</b></li>`)}</ul>
${tiles(findings)}
${leftBehind(meta, findings)}
${warnings(findings)}
</header>`;
}

interface Tile {
  name: string;
  value: string;
  note: string;
  bad: boolean;
}

/** The headline numbers: those of the worst stream, among the ones that missed an objective if there are any. */
function tiles(findings: Findings): Markup | false {
  const { streams, durability } = findings;
  if (streams.length === 0) return false;
  const missed = (kind: CheckKind) => {
    const failing = streams.filter(({ stream }) =>
      findings.checks.some((check) => check.verdict === 'fail' && check.kind === kind && check.stream === stream),
    );
    return failing.length > 0 ? { of: failing, bad: true } : { of: streams, bad: false };
  };
  const [recovery, availability, outage] = (['recovery', 'availability', 'longest-outage'] as const).map(missed);
  const slowest = slowestStream(recovery!.of)!;
  // What was not measured is NaN, and no worst.
  const worst = availability!.of.toSorted((a, b) => (a.availability || 0) - (b.availability || 0));
  const known = worst.find(({ availability }) => Number.isFinite(availability));
  const isWatched = streams.every(wasProbedSince);
  const longest = longestOutage(outage!.of.filter(wasProbedSince), findings.t0?.from ?? 0);
  const shown: Tile[] = [
    { name: 'Recovery', value: sayMark(slowest.ttsr), note: slowest.stream, bad: recovery!.bad },
    {
      name: 'Availability',
      value: sayShare(known?.availability),
      note: known?.stream ?? 'not probed',
      bad: availability!.bad,
    },
    {
      name: 'Longest outage',
      value: longest ? sayOutageLength(longest) : isWatched ? 'none' : '–',
      note: longest ? longest.stream : isWatched ? 'no recorded request failed' : 'not probed',
      bad: outage!.bad,
    },
  ];
  if (durability.length > 0) shown.push({ name: 'Acknowledged writes lost', ...lossesOf(durability) });
  return html`<dl class="tiles">${shown.map(
    ({ name, value, note, bad }) => html`<div class="tile"><dt>${name}</dt>
<dd><div class="value${bad ? ' bad' : ''}">${value}</div><div class="small dim">${note}</div></dd></div>`,
  )}</dl>`;
}

/** Of all streams; not known as soon as one could not be read back, but for what is certainly lost. */
export function lossesOf(durability: Durability[]): Omit<Tile, 'name'> {
  const ranges = durability.map(lostWrites);
  const known = ranges.filter((range) => range !== undefined);
  const [from, to] = (['from', 'to'] as const).map((end) => known.reduce((sum, range) => sum + range[end], 0));
  const unread = durability.filter(({ unknown }) => unknown !== undefined).map(({ stream }) => stream);
  const acknowledged = durability.reduce((sum, one) => sum + one.acknowledged, 0);
  const isExact = unread.length === 0 && from === to;
  const note = unread.length > 0 ? `${unread.join(', ')} not read back` : `of ${sayCount(acknowledged)} acknowledged`;
  return {
    value: isExact && acknowledged > 0 ? sayCount(to!) : from! > 0 ? `≥ ${sayCount(from!)}` : 'not known',
    note,
    bad: from! > 0,
  };
}

/** Since the fault. */
function longestOutage(streams: StreamFindings[], t0: number): (Outage & { stream: string }) | undefined {
  const all = streams.flatMap(({ stream, outages }) =>
    outages.filter(({ end }) => end.to >= t0).map((outage) => ({ ...outage, stream })),
  );
  return all.reduce<(typeof all)[number] | undefined>((longest, one) => {
    if (longest && (longest.open !== one.open ? longest.open : longest.outer >= one.outer)) return longest;
    return one;
  }, undefined);
}

function leftBehind(meta: RunMeta, findings: Findings): Markup | false {
  const { command, isDone } = cleanUpOf(meta, findings);
  if (isDone) return false;
  return html`<div class="banner${command === undefined ? '' : ' bad'}">${cleanUpText(meta, findings)}</div>`;
}

export function cleanUpText(meta: RunMeta, findings: Findings): Markup {
  const { sentence, items, command } = cleanUpOf(meta, findings);
  const words = { left: 'not as before', pending: 'not undone' } as const;
  return html`<p>${sentence}</p>
${items.length > 0 && html`<ul>${items.map(({ kind, text }) => html`<li>${words[kind]}: ${text}</li>`)}</ul>`}
${command !== undefined && html`<p>To put it right: <code>${command}</code></p>`}`;
}

function warnings({ warnings }: Findings): Markup | false {
  if (warnings.length === 0) return false;
  return html`<div class="banner"><strong>${sayMany(warnings.length, 'warning')}</strong>
<ul>${warnings.map((warning) => html`<li>${warning}</li>`)}</ul></div>`;
}

export function checks({ checks }: Findings): Markup {
  return html`<section aria-labelledby="checks"><h2 id="checks">Checks</h2>
<table class="checks stack"><thead><tr><th scope="col">Verdict</th><th scope="col">What</th><th scope="col">Observed</th><th scope="col">Wanted</th></tr></thead>
<tbody>${checks.map(
    ({ verdict, what, observed, wanted }) => html`<tr>
<td><span class="verdict small ${verdict}"><span aria-hidden="true">${verdictSigns[verdict]}</span> ${verdictWords[verdict]}</span></td>
<th scope="row">${what}</th><td data-label="observed">${observed}</td><td data-label="wanted">${wanted}</td></tr>`,
  )}</tbody></table></section>`;
}

export function proberAudit({ prober }: Findings): Markup {
  if (!prober) {
    return html`<section aria-labelledby="prober"><h2 id="prober">Can these numbers be trusted?</h2>
<p>The prober left no account of itself, so nothing here can be relied upon.</p></section>`;
  }
  const { scheduled, recorded, latenessMs, eventLoopMs, nullStream, proberErrors, priority, cpuMs } = prober;
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
  const errors = Object.entries(proberErrors);
  const spread = ({ p50, p99, max }: { p50: number; p99: number; max: number }) =>
    `p50 ${formatDuration(p50)}, p99 ${formatDuration(p99)}, max ${formatDuration(max)}`;
  const rows = [
    ['Probes recorded', `${sayCount(sum(recorded))} of ${sayCount(sum(scheduled))} that fell due`],
    ['Sent later than due', spread(latenessMs)],
    ['Event loop delay', spread(eventLoopMs)],
    ['Probes of the prober itself', `${sayCount(nullStream.failed)} of ${sayCount(nullStream.scheduled)} failed`],
    [
      'Errors on the prober’s side',
      errors.length ? errors.map(([name, n]) => `${name} ${sayCount(n)}`).join(', ') : 'none',
    ],
    [
      'Where it ran',
      {
        cgroup: 'in a CPU group of its own',
        nice: 'with raised priority, sharing the CPU',
        none: 'without any priority over other programs',
      }[priority],
    ],
    ['CPU time used', formatDuration(cpuMs)],
  ];
  return html`<section aria-labelledby="prober"><h2 id="prober">Can these numbers be trusted?</h2>
<p class="dim">The prober watches itself: a probe that is sent late counts from when it was due, and a prober that cannot keep up voids the run.</p>
<table><tbody>${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table></section>`;
}
