/** The top of the report: what was done, the result, and whether it can be trusted. */
import type { CheckKind, Findings, Outage, StreamFindings } from '../../analysis/findings.ts';
import type { RunMeta } from '../../recording/recording.ts';
import { formatDuration } from '../../units/units.ts';
import {
  sayCount,
  sayExpected,
  sayFaults,
  sayMany,
  sayMark,
  sayOutageLength,
  sayShare,
  sayVerdict,
  slowestStream,
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
${leftBehind(findings)}
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
  const worst = availability!.of.toSorted((a, b) => a.availability - b.availability)[0]!;
  const longest = longestOutage(outage!.of);
  const judged = durability.filter(({ unknown }) => unknown === undefined);
  const lost = judged.reduce((sum, one) => sum + one.lost.length, 0);
  const shown: Tile[] = [
    { name: 'Recovery', value: sayMark(slowest.ttsr), note: slowest.stream, bad: recovery!.bad },
    { name: 'Availability', value: sayShare(worst.availability), note: worst.stream, bad: availability!.bad },
    {
      name: 'Longest outage',
      value: longest ? sayOutageLength(longest) : 'none',
      note: longest ? longest.stream : 'no request failed',
      bad: outage!.bad,
    },
  ];
  if (durability.length > 0) {
    shown.push({
      name: 'Acknowledged writes lost',
      value: judged.length > 0 ? sayCount(lost) : 'not known',
      note:
        judged.length > 0
          ? `of ${sayCount(judged.reduce((sum, one) => sum + one.acknowledged, 0))} acknowledged`
          : 'could not be read back',
      bad: lost > 0,
    });
  }
  return html`<dl class="tiles">${shown.map(
    ({ name, value, note, bad }) => html`<div class="tile"><dt>${name}</dt>
<dd><div class="value${bad ? ' bad' : ''}">${value}</div><div class="small dim">${note}</div></dd></div>`,
  )}</dl>`;
}

function longestOutage(streams: StreamFindings[]): (Outage & { stream: string }) | undefined {
  const all = streams.flatMap(({ stream, outages }) => outages.map((outage) => ({ ...outage, stream })));
  return all.reduce<(typeof all)[number] | undefined>((longest, one) => {
    if (longest && (longest.open !== one.open ? longest.open : longest.outer >= one.outer)) return longest;
    return one;
  }, undefined);
}

function leftBehind({ cleanUp }: Findings): Markup | false {
  if (cleanUp.left.length === 0) return false;
  return html`<div class="banner bad"><strong>The cluster is not as it was before:</strong>
<ul>${cleanUp.left.map((left) => html`<li>${left}</li>`)}</ul></div>`;
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
