import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Terminal } from '../output/terminal.ts';
import type { ProberTick } from '../probes/prober/plan.ts';
import type { Phase, RunEvent } from '../recording/recording.ts';
import type { RunProgress } from '../run/progress.ts';
import { createLiveView } from './live.ts';

/** What a terminal shows after all that was written to it: lines, and the erasing of the last of them. */
class Screen {
  readonly isTTY: boolean;
  columns = 100;
  rows = 30;
  written = '';

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.written += text;
  }

  lines(): string[] {
    let lines: string[] = [];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequence that moves up and erases
    for (const part of this.written.split(/(\u001b\[\d+A\u001b\[0J)/)) {
      const up = /\[(\d+)A/.exec(part);
      if (up && part.startsWith('\u001b')) lines = lines.slice(0, lines.length - Number(up[1]));
      else if (part) lines.push(...part.split('\n').slice(0, -1));
    }
    return lines;
  }
}

const event = (event: RunEvent): RunProgress => ({ kind: 'event', event });
const tick = (at: number, ok: number, fail: number): RunProgress => {
  const streams: ProberTick['streams'] = { vote: { ok, fail, indeterminate: 0, p50: 4 } };
  return { kind: 'tick', tick: { at, streams, late99: 1 } };
};

const story: RunProgress[] = [
  { kind: 'run', run: 'r1', title: 'Voting goes on', cluster: 'lab', dir: '/runs/r1' },
  event({ at: 0, kind: 'phase', phase: 'steady', state: 'begin' }),
  { kind: 'countdown', phase: 'steady', ms: 60_000, atMost: false },
  ...Array.from({ length: 12 }, (_, i) => tick(1000 * (i + 1), 20, 0)),
  event({ at: 12_100, kind: 'phase', phase: 'steady', state: 'end' }),
  event({ at: 12_200, kind: 'act', from: 12_150, fault: 'node-kill', act: { verb: 'power.off', args: {} } }),
  event({ at: 12_300, kind: 'phase', phase: 'hold', state: 'begin' }),
  { kind: 'countdown', phase: 'hold', ms: 30_000, atMost: true },
  tick(13_000, 0, 20),
  tick(14_000, 10, 10),
  event({ at: 14_150, kind: 'platform', event: { kind: 'node-down', text: 'node w1 is down' } }),
];

describe('without a terminal', () => {
  const screen = new Screen(false);
  const view = createLiveView({ out: new Terminal(screen), quiet: false, clusters: ['lab'] });
  for (const each of story) view.show('r1', each);
  view.close();

  it('every event is a line, times count from the fault once there is one', () => {
    assert.ok(!screen.written.includes('\u001b'));
    assert.match(screen.written, /^Voting goes on on lab {2}r1$/m);
    assert.match(screen.written, /^ +12\.1 s {2}steady done after 12\.1 s$/m);
    assert.match(screen.written, /^ +\+2\.0 s {2}node w1 is down$/m);
  });

  it('availability is a line every 10 s, and when it drops below 100 %', () => {
    const printed = screen.lines().filter((line) => /vote {1,}[\d.]+ %|vote 100 %/.test(line));
    assert.deepEqual(
      printed.map((line) => line.trim()),
      ['1.0 s  vote 100 %', '11.0 s  vote 100 %', '+0.8 s  vote 0.00 %'],
    );
  });
});

it('while members start, what is waited for is told, and not each of their complaints', () => {
  const screen = new Screen(false);
  const view = createLiveView({ out: new Terminal(screen), quiet: false, clusters: ['lab'] });
  const complaint = { kind: 'other', text: 'pod vote-1: Unhealthy: Readiness probe failed' } as const;
  view.show('r1', event({ at: 0, kind: 'phase', phase: 'deploy', state: 'begin' }));
  view.show('r1', event({ at: 10, kind: 'platform', event: complaint }));
  view.show('r1', { kind: 'note', text: 'waiting for vote: 1 of 2 ready' });
  view.show('r1', event({ at: 20, kind: 'platform', event: { kind: 'node-down', text: 'node w1 is down' } }));
  view.show('r1', event({ at: 30, kind: 'phase', phase: 'deploy', state: 'end' }));
  view.show('r1', event({ at: 40, kind: 'platform', event: { ...complaint, text: 'pod vote-2: Unhealthy' } }));
  view.close();
  assert.doesNotMatch(screen.written, /vote-1/);
  for (const text of ['waiting for vote: 1 of 2 ready', 'node w1 is down', 'vote-2'])
    assert.ok(screen.written.includes(text));
});

it('what is told of no event is a line as it is: a note of the command, a note of the run', () => {
  const screen = new Screen(false);
  const view = createLiveView({ out: new Terminal(screen), quiet: false, clusters: ['lab'] });
  view.show('r1', story[0]!);
  view.note('interrupted: healing and cleaning up');
  view.show('r1', { kind: 'note', text: 'undone: power.on w1' });
  view.close();
  assert.deepEqual(screen.lines(), [
    'Voting goes on on lab  r1',
    'interrupted: healing and cleaning up',
    'undone: power.on w1',
  ]);
});

describe('on a terminal', () => {
  it('the lines of now are redrawn below the lines of what happened', () => {
    const screen = new Screen(true);
    const view = createLiveView({ out: new Terminal(screen), quiet: false, clusters: ['lab'], color: false });
    for (const each of story) view.show('r1', each);
    const [now, vote] = screen.lines().slice(-2);
    assert.match(now!, /^▶ hold {2}0 s, at most 30 s to go$/);
    assert.match(vote!, /^ {2}vote +50\.00 % {2}█{12}▁▄ p50 4 ms$/);
    assert.equal(screen.lines().filter((line) => line.startsWith('▶')).length, 1);

    view.pause(() => screen.write('something else\n'));
    assert.equal(screen.lines().at(-1), 'something else');
    assert.ok(!screen.lines().some((line) => line.startsWith('▶')));

    view.show('r1', tick(15_000, 20, 0));
    assert.ok(screen.lines().at(-2)?.startsWith('▶'));
    view.close();
    view.close();
    assert.equal(screen.lines().at(-1), 'something else');
  });

  it('no redrawn line is as wide as the terminal', () => {
    for (const columns of [50, 60, 80, 200]) {
      const screen = new Screen(true);
      screen.columns = columns;
      const view = createLiveView({ out: new Terminal(screen), quiet: false, clusters: ['lab'], color: false });
      for (const each of story) view.show('r1', each);
      for (let at = 15_000; at < 100_000; at += 1000) view.show('r1', tick(at, 19, 1));
      for (const line of screen.lines().slice(-2)) assert.ok(line.length < columns, `${line.length} of ${columns}`);
      view.close();
    }
  });

  it('quiet means lines only, without availability', () => {
    const screen = new Screen(true);
    const view = createLiveView({ out: new Terminal(screen), quiet: true, clusters: ['lab'], color: false });
    for (const each of story) view.show('r1', each);
    view.close();
    assert.ok(!screen.written.includes('\u001b') && !screen.written.includes(' %'));
    assert.match(screen.written, /node w1 is down/);
  });
});

describe('runs on several clusters at once', () => {
  const clusters = ['staging/cluster.yaml', 'prod/cluster.yaml'];
  const begin = (run: string, cluster: string): [string, RunProgress] => [
    run,
    { kind: 'run', run, title: 'Voting goes on', cluster, dir: `/runs/${run}` },
  ];
  const phase = (at: number, phase: Phase): RunProgress => event({ at, kind: 'phase', phase, state: 'begin' });
  const both: [string, RunProgress][] = [
    begin('r1', clusters[0]!),
    ['r1', phase(0, 'steady')],
    begin('r2', clusters[1]!),
    ['r2', phase(0, 'steady')],
    ['r1', tick(1000, 20, 0)],
    ['r2', tick(1000, 0, 20)],
    ['r1', event({ at: 5000, kind: 'phase', phase: 'steady', state: 'end' })],
    ['r1', event({ at: 6000, kind: 'act', from: 6000, fault: 'node-kill', act: { verb: 'power.off', args: {} } })],
    ['r1', phase(6500, 'hold')],
    ['r2', event({ at: 9000, kind: 'phase', phase: 'steady', state: 'end' })],
  ];
  const shown = (isTTY: boolean) => {
    const screen = new Screen(isTTY);
    const view = createLiveView({ out: new Terminal(screen), quiet: false, clusters, color: false });
    return { screen, view };
  };

  it('each line begins with its cluster, and its times are those of its own run', () => {
    const { screen, view } = shown(false);
    for (const [run, each] of both) view.show(run, each);
    view.close();
    const of = (cluster: string) => screen.lines().filter((line) => line.startsWith(cluster));
    assert.equal(of(clusters[0]!).length + of(clusters[1]!).length, screen.lines().length);
    // The other run's fault does not move this one's zero, and its phases took their own time.
    assert.match(of(clusters[0]!).join('\n'), /5\.0 s {2}steady done after 5 s/);
    assert.match(of(clusters[1]!).join('\n'), /^prod\/cluster\.yaml {3} +9\.0 s {2}steady done after 9 s$/m);
    assert.match(of(clusters[0]!).join('\n'), /vote 100 %/);
    assert.match(of(clusters[1]!).join('\n'), /vote 0\.00 %/);
  });

  it('on a terminal each has its phase and its streams, or where there is no room, its phase', () => {
    const { screen, view } = shown(true);
    for (const [run, each] of both.slice(0, -1)) view.show(run, each);
    assert.deepEqual(
      screen
        .lines()
        .slice(-4)
        .map((line) => line.replace(/ {2,}.*/, '')),
      ['▶ staging/cluster.yaml', '', '▶ prod/cluster.yaml', ''],
    );
    assert.match(screen.lines().at(-3)!, /vote +100 %/);
    assert.match(screen.lines().at(-1)!, /vote +0\.00 %/);
    screen.rows = 4;
    view.show('r1', tick(7000, 20, 0));
    assert.deepEqual(
      screen
        .lines()
        .slice(-2)
        .map((line) => line.slice(0, 6)),
      ['▶ stag', '▶ prod'],
    );
    view.show(...begin('r3', clusters[0]!));
    assert.equal(
      screen.lines().filter((line) => line.startsWith('▶')).length,
      1,
      'the next run there has no phase yet',
    );
    view.close();
    assert.ok(!screen.lines().some((line) => line.startsWith('▶')));
  });
});
