import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { OperatorError } from '../units/operator-error.ts';
import { errorClasses, outcomes, type StreamSpec } from './probe.ts';
import { parseSamples, pieceWays, SampleEncoder, SLOT } from './samples.ts';

const spec = (name: string): StreamSpec => ({
  name,
  kind: 'http',
  target: 'http://127.0.0.1:1/',
  every: 20,
  timeout: 900,
  connection: 'new',
  writes: false,
  idPrefix: 'run-',
  options: { contains: 'ä' },
});
const specs = [spec('a'), spec('b.reused'), spec('ü')];
const ORIGIN = '123456789012345678';

const microseconds = (max: number) => fc.integer({ min: 0, max }).map((us) => us / 1000);
const sample = fc.record({
  stream: fc.integer({ min: 0, max: specs.length - 1 }),
  // Hours, as a run may last.
  due: microseconds(200 * 3_600_000_000),
  late: microseconds(5_000_000),
  took: microseconds(60_000_000),
  outcome: fc.constantFrom(...outcomes),
  error: fc.constantFrom(...errorClasses),
  status: fc.integer({ min: 0, max: 65_535 }),
  instance: fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), { nil: undefined }),
  askedAgain: fc.constantFrom(true as const, undefined),
  piece: fc.option(
    fc.record({ index: fc.integer({ min: 0, max: 65_535 }), way: fc.constantFrom('sent' as const, 'back' as const) }),
    { nil: undefined },
  ),
  address: fc.option(fc.oneof(fc.ipV4(), fc.ipV6()), { nil: undefined }),
});
type Sample = typeof sample extends fc.Arbitrary<infer T> ? T : never;

/** `seq` is the position in the list, for every stream. */
function encode(samples: Sample[]): Buffer {
  const encoder = new SampleEncoder();
  const chunks = [SampleEncoder.header(ORIGIN, specs)];
  for (const [seq, { stream, due, late, took, ...result }] of samples.entries()) {
    encoder.add(stream, seq, due, due + late, due + late + took, result);
    if (seq % 7 === 0) chunks.push(encoder.take());
  }
  return Buffer.concat([...chunks, encoder.take()]);
}

const close = (actual: number | undefined, expected: number) =>
  assert.ok(actual !== undefined && Math.abs(actual - expected) < 0.0021, `${actual} is not ${expected}`);

/** Every sample that the file still holds is exactly what was written. Returns how many there are. */
function assertTrue(bytes: Buffer, written: Sample[]): number {
  const { streams } = parseSamples(bytes, 'test');
  let count = 0;
  for (const [index, stream] of streams.entries()) {
    for (let i = 0; i < stream.n; i++) {
      const expected = written[stream.seq[i]!];
      assert.ok(expected);
      assert.equal(expected.stream, index);
      if (i > 0) assert.ok(stream.seq[i]! > stream.seq[i - 1]!);
      close(stream.due[i], expected.due);
      close(stream.sent[i], expected.due + expected.late);
      close(stream.done[i], expected.due + expected.late + expected.took);
      assert.equal(outcomes[stream.outcome[i]!], expected.outcome);
      assert.equal(errorClasses[stream.error[i]!], expected.error);
      assert.equal(stream.status[i], expected.piece?.index ?? expected.status);
      assert.equal(stream.piece[i], pieceWays[expected.piece?.way ?? 'none']);
      assert.equal(stream.askedAgain[i], expected.askedAgain ? 1 : 0);
      count++;
    }
  }
  return count;
}

test('what is written is read back, whatever the order and the values', () => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 60 }), (written) => {
      const bytes = encode(written);
      const read = parseSamples(bytes, 'test');
      assert.equal(read.origin, ORIGIN);
      assert.deepEqual(
        read.streams.map((stream) => stream.spec),
        specs,
      );
      assert.deepEqual([read.torn, read.damaged], [0, 0]);
      assert.equal(assertTrue(bytes, written), written.length);
      for (const stream of read.streams) {
        for (let i = 0; i < stream.n; i++) {
          // Names are cut by code points, so a name of many-point graphemes may be shorter.
          const expected = [...(written[stream.seq[i]!]!.instance ?? '')].slice(0, 60).join('');
          assert.equal(stream.instances[stream.instance[i]!], Buffer.from(expected).toString());
          assert.equal(stream.addresses[stream.address[i]!], written[stream.seq[i]!]!.address ?? '');
        }
      }
    }),
  );
});

test('samples are sorted by number although they are written as they finish', () => {
  const encoder = new SampleEncoder();
  for (const seq of [3, 0, 2, 1]) encoder.add(0, seq, seq, seq, seq, { outcome: 'ok', error: 'none', status: 200 });
  const bytes = Buffer.concat([SampleEncoder.header(ORIGIN, specs), encoder.take()]);
  assert.deepEqual([...parseSamples(bytes, 'test').streams[0]!.seq], [0, 1, 2, 3]);
});

test('a file torn at any byte after its header gives every whole record', () => {
  const written = fc.sample(sample, { numRuns: 20, seed: 1 });
  const bytes = encode(written);
  const header = SampleEncoder.header(ORIGIN, specs).length;
  let last = 0;
  for (let length = header; length <= bytes.length; length++) {
    const torn = bytes.subarray(0, length);
    const read = parseSamples(torn, 'test');
    assert.equal(read.torn, (length - header) % SLOT);
    assert.equal(read.damaged, 0);
    const count = assertTrue(torn, written);
    assert.ok(count >= last);
    last = count;
  }
  assert.equal(last, written.length);
});

test('a file torn inside its header is refused with the reason', () => {
  const header = SampleEncoder.header(ORIGIN, specs);
  // The padding after the JSON may go.
  const needed = SLOT + header.readUInt32LE(12);
  for (let length = 0; length < needed; length++) {
    assert.throws(() => parseSamples(header.subarray(0, length), 'test'), OperatorError);
  }
});

test('damage costs the records that it hit, is counted, and never invents a sample', () => {
  const flip = fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), bit: fc.nat(7) });
  fc.assert(
    fc.property(
      fc.array(sample, { minLength: 1, maxLength: 40 }),
      fc.array(flip, { minLength: 1, maxLength: 10 }),
      (written, flips) => {
        const bytes = encode(written);
        const header = SampleEncoder.header(ORIGIN, specs).length;
        const hit = new Set<number>();
        const before = Buffer.from(bytes);
        for (const { at, bit } of flips) bytes[header + Math.floor(at * (bytes.length - header))]! ^= 1 << bit;
        for (let slot = header; slot < bytes.length; slot += SLOT) {
          if (!bytes.subarray(slot, slot + SLOT).equals(before.subarray(slot, slot + SLOT))) hit.add(slot);
        }
        assert.equal(parseSamples(bytes, 'test').damaged, hit.size);
        assert.ok(assertTrue(bytes, written) >= written.length - hit.size);
      },
    ),
  );
});

test('noise is refused or read as damage, never a crash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, afterHeader) => {
      const header = afterHeader ? [SampleEncoder.header(ORIGIN, specs)] : [];
      const bytes = Buffer.concat([...header, noise]);
      if (!afterHeader) return assert.throws(() => parseSamples(bytes, 'test'), OperatorError);
      const read = parseSamples(bytes, 'test');
      assert.equal(read.damaged, Math.floor(noise.length / SLOT));
      assert.equal(read.torn, noise.length % SLOT);
    }),
  );
});

test('a damaged header is refused', () => {
  const header = SampleEncoder.header(ORIGIN, specs);
  for (let at = 0; at < SLOT + header.readUInt32LE(12); at++) {
    // Bytes 20–31 are free for later versions.
    if (at >= 20 && at < SLOT) continue;
    const damaged = Buffer.from(header);
    damaged[at]! ^= 0x10;
    assert.throws(() => parseSamples(damaged, 'test'), OperatorError, `byte ${at}`);
  }
});

test('a record takes 32 bytes, and a usual instance name one more record', () => {
  const encoder = new SampleEncoder();
  for (let seq = 0; seq < 100; seq++) {
    encoder.add(0, seq, seq, seq, seq, { outcome: 'ok', error: 'none', status: 200, instance: '0123456789ab' });
  }
  assert.equal(encoder.take().length, 101 * 32);
});

test('a file of version 1 is read: nobody was asked again, and no address is known', () => {
  const encoder = new SampleEncoder();
  encoder.add(0, 0, 1, 2, 3, { outcome: 'ok', error: 'none', status: 200, instance: 'web-1' });
  const bytes = Buffer.concat([SampleEncoder.header(ORIGIN, specs), encoder.take()]);
  bytes.writeUInt32LE(1, 8);
  const [stream] = parseSamples(bytes, 'test').streams;
  assert.deepEqual([...stream!.askedAgain, ...stream!.address], [0, 0]);
  assert.equal(stream!.instances[stream!.instance[0]!], 'web-1');
  bytes.writeUInt32LE(3, 8);
  assert.throws(() => parseSamples(bytes, 'test'), OperatorError);
});

test('more addresses than can be told apart, and instances as long as pages, cost what a record holds', () => {
  const encoder = new SampleEncoder();
  for (let seq = 0; seq < 1000; seq++) {
    const address = `10.0.${seq >> 8}.${seq & 255}`;
    encoder.add(0, seq, seq, seq, seq, { outcome: 'ok', error: 'none', status: 200, address });
  }
  const page = 'x'.repeat(2_000_000);
  const began = process.cpuUsage();
  for (let seq = 1000; seq < 1100; seq++) {
    encoder.add(0, seq, seq, seq, seq, { outcome: 'ok', error: 'none', status: 200, instance: `${seq}${page}` });
  }
  assert.ok(process.cpuUsage(began).user < 500_000, `${process.cpuUsage(began).user} µs`);
  const [stream] = parseSamples(Buffer.concat([SampleEncoder.header(ORIGIN, specs), encoder.take()]), 'test').streams;
  const told = (seq: number) => stream!.addresses[stream!.address[seq]!];
  assert.deepEqual([told(0), told(253), told(254), told(999)], ['10.0.0.0', '10.0.0.253', '(others)', '(others)']);
  assert.equal(stream!.instances[stream!.instance[1099]!], `1099${page}`.slice(0, 60));
});

test('a name does not keep the page that it was found in', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const encoder = new SampleEncoder();
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let seq = 0; seq < 200; seq++) {
    const page = Buffer.from(`served by web-with-a-long-name-${seq}. ${'x'.repeat(500_000)}`).toString();
    const instance = /by ([\w-]+)/.exec(page)![1]!;
    encoder.add(0, seq, seq, seq, seq, { outcome: 'ok', error: 'none', status: 200, instance });
  }
  gc();
  const held = process.memoryUsage().heapUsed - before;
  assert.ok(held < 5_000_000, `${held} bytes`);
  assert.ok(encoder.take().length > 200 * SLOT);
});
