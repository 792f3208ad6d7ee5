import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PIECE, PIECES as PIECES_UNLESS_SAID } from '../../probes/content.ts';
import { errorClasses, outcomes, type StreamSpec } from '../../probes/probe.ts';
import { pieceWays, type StreamSamples } from '../../probes/samples.ts';
import { sayLargeFile } from '../../reports/wording.ts';
import { syntheticRecording } from '../../tests/made-up/synthetic.ts';
import { judge } from '../judge.ts';
import { largeFileOf } from './large-file.ts';

const PIECES = 4;

type Sample = [at: number, way: 'sent' | 'back' | 'none', index: number, more?: { wrong?: true; again?: true }];

function samplesOf(all: Sample[], options: unknown = { pieces: PIECES }): StreamSamples {
  const [template] = syntheticRecording({ streams: [{ name: 'large' }] }).streams;
  const n = all.length;
  const pick = (read: (sample: Sample) => number) => all.map(read);
  return {
    ...template!,
    spec: { ...template!.spec, kind: 'smb-large', options } as StreamSpec,
    n,
    seq: Uint32Array.from({ length: n }, (_, i) => i),
    due: Float64Array.from(pick(([at]) => at - 2)),
    sent: Float64Array.from(pick(([at]) => at - 1)),
    done: Float64Array.from(pick(([at]) => at)),
    outcome: Uint8Array.from(
      pick(([, way, , more]) => outcomes.indexOf(way === 'none' || more?.wrong ? 'fail' : 'ok')),
    ),
    error: Uint8Array.from(
      pick(([, way, , more]) => errorClasses.indexOf(more?.wrong ? 'body' : way === 'none' ? 'refused' : 'none')),
    ),
    status: Uint16Array.from(pick(([, , index]) => index)),
    piece: Uint8Array.from(pick(([, way]) => pieceWays[way])),
    askedAgain: Uint8Array.from(pick(([, , , more]) => (more?.again ? 1 : 0))),
    instance: new Uint16Array(n),
    address: new Uint8Array(n),
  };
}

const whole = (from: number): Sample[] =>
  (['sent', 'back'] as const).flatMap((way, pass) =>
    Array.from({ length: PIECES }, (_, i): Sample => [from + (pass * PIECES + i) * 100, way, i]),
  );

test('a stop: where it was, where it went on, what was sent twice, and what came back since', () => {
  const found = largeFileOf(
    samplesOf([
      ...whole(0),
      [1000, 'sent', 0],
      // The third overtook the second, which was on its way when all ended.
      [1100, 'sent', 2],
      [1200, 'none', 1],
      [3000, 'none', 0],
      [6500, 'sent', 1, { again: true }],
      [6600, 'sent', 3],
      // On its way twice, and answered twice.
      [6650, 'sent', 3, { again: true }],
      ...Array.from({ length: PIECES }, (_, i): Sample => [6700 + i * 100, 'back', i]),
    ]),
    1150,
  )!;
  assert.deepEqual(found.stop, { from: 1100, to: 6500, way: 'sent', at: PIECE, wentOnAt: PIECE });
  assert.deepEqual([found.size, found.sentAgain, found.wrong], [4 * PIECE, 2 * PIECE, 0]);
  assert.deepEqual(found.proof, { acknowledged: 2 * PIECE, back: 2 * PIECE });
  assert.deepEqual(
    found.files.map(({ from, sent, back, wrong }) => [from, sent.to, back.to, wrong]),
    [
      [0, 300, 700, 0],
      [1000, 6600, 7000, 0],
    ],
  );
  assert.deepEqual(found.throughput, [
    { second: 0, sent: 4 * PIECE, back: 4 * PIECE },
    { second: 1, sent: 2 * PIECE, back: 0 },
    { second: 6, sent: 2 * PIECE, back: 3 * PIECE },
    { second: 7, sent: 0, back: PIECE },
  ]);
});

test('a file that was back before the fault shows nothing of what a fault does to one', () => {
  const copy = (from: number): Sample[] => [
    ...[0, 1, 2, 3].map((index): Sample => [from + index * 100, 'sent', index]),
    ...[0, 1, 2, 3].map((index): Sample => [from + 400 + index * 100, 'back', index]),
  ];
  const both = samplesOf([...copy(1000), ...copy(2000)]);
  const wholeSince = (fault: number) => largeFileOf(both, fault)?.wholeSince;
  assert.deepEqual([wholeSince(500), wholeSince(1900), wholeSince(5000)], [2, 1, 0]);
});

test('of the file that was under way, what did not come back may be wrong; one that began later was there for no fault', () => {
  const sent = (from: number, indexes: number[]) => indexes.map((index): Sample => [from + index * 100, 'sent', index]);
  const back = (from: number, indexes: number[]) => indexes.map((index): Sample => [from + index * 100, 'back', index]);
  const unseen = (fault: number, ...all: Sample[][]) => largeFileOf(samplesOf(all.flat()), fault)!.unseen / PIECE;
  const first = [sent(1000, [0, 1, 2, 3]), back(1400, [0, 1, 2, 3])];
  assert.equal(unseen(1150, sent(1000, [0, 1, 2, 3]), back(1400, [0])), 3, 'two of them were acknowledged since');
  assert.equal(unseen(1150, ...first, sent(2000, [0, 1])), 0);
  assert.equal(unseen(2050, ...first, sent(2000, [0, 1])), 2);
});

test('the fault comes while a file comes back: what had come back before proves nothing of after', () => {
  const found = largeFileOf(samplesOf(whole(0)), 550)!;
  assert.deepEqual(found.proof, { acknowledged: 2 * PIECE, back: 2 * PIECE });
  assert.equal(found.stop, undefined);
});

test('nothing was acknowledged before the fault, or no time of one is known: nothing is proven', () => {
  assert.equal(largeFileOf(samplesOf(whole(2000)), 1000)!.proof, undefined);
  assert.equal(largeFileOf(samplesOf(whole(0)), 5000)!.proof, undefined, 'all of it had come back');
  assert.equal(largeFileOf(samplesOf(whole(0)), undefined)!.proof, undefined);
});

test('a copy that had not gone on when nothing was watched any more is no copy that never stopped', () => {
  const stopped = largeFileOf(samplesOf([...whole(0), [1000, 'sent', 0], [3000, 'none', 1], [9000, 'none', 1]]), 1100)!;
  assert.deepEqual(stopped.stop, { from: 1000, to: 9000, way: 'sent', at: PIECE });
  assert.match(
    sayLargeFile(stopped).join('; '),
    /on the way to the server it stopped at 0\.25 MiB and had not gone on after 8 s/,
  );
});

test('who leaves the number of pieces out has the default of the probe', () => {
  assert.equal(largeFileOf(samplesOf(whole(0), {}), 0)?.size, PIECES_UNLESS_SAID * PIECE);
  const other = samplesOf(whole(0), {});
  assert.equal(largeFileOf({ ...other, spec: { ...other.spec, kind: 'http' } }, 0), undefined);
});

test('no large file: no pieces, or a recording that says nonsense', () => {
  assert.equal(largeFileOf(samplesOf([[100, 'none', 0]]), 0), undefined);
  for (const pieces of ['4', 0, -1, 1.5, Number.NaN, 1e9, null]) {
    assert.equal(largeFileOf(samplesOf(whole(0), { pieces }), 0), undefined, String(pieces));
  }
  assert.equal(largeFileOf(samplesOf([[100, 'sent', 60_000]]), 0), undefined);
});

test('wrong bytes fail the run; bytes that had not come back when it ended are a warning, and no verdict', () => {
  const judged = (samples: Sample[]) => {
    const recording = syntheticRecording({ streams: [{ name: 'vote' }, { name: 'large' }] });
    const spec = { ...recording.streams[1]!.spec, options: { pieces: PIECES } };
    recording.streams[1] = { ...samplesOf(samples), spec };
    const { checks, warnings } = judge(recording);
    return { checks: checks.filter(({ kind }) => kind === 'writes-lost'), warnings };
  };
  // The fault comes after 12 s.
  const before = [0, 1, 2].map((i): Sample => [11_000 + i, 'sent', i]);
  const rest: Sample[] = [
    [15_000, 'sent', 3],
    [15_100, 'back', 0],
  ];
  const wrong = judged([...before, ...rest, [15_200, 'back', 1, { wrong: true }]]);
  assert.deepEqual(
    wrong.checks.map(({ verdict, stream, observed }) => [verdict, stream, observed]),
    [['fail', 'large', '0.25 MiB of 0.5 MiB']],
  );
  const cut = judged([...before, ...rest]);
  assert.deepEqual(cut.checks, []);
  assert.match(cut.warnings.join(), /of the large file of large, 0\.25 MiB of the 0\.75 MiB .* came back/);
});
