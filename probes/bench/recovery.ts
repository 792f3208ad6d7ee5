/**
 * `npm run bench:recovery`: what does a look at the samples cost, each second while recovery is waited for, after a run of 2 minutes
 * and after one of 2 hours, at 1000 requests a second? Exit code 0: no more after the long one (twice the CPU time is allowed to chance); 1: more.
 */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RecoveryWatch } from '../../run/recovery/watch.ts';
import type { StreamSpec } from '../probe.ts';
import { SampleEncoder } from '../samples.ts';

const STEADY = 60_000;
const LOOKS = 20;
const LENGTHS = { '2 min': 120_000, '2 h': 7_200_000 };

const spec: StreamSpec = {
  name: 'vote',
  kind: 'http',
  target: 'http://10.0.0.1',
  every: 1,
  timeout: 900,
  connection: 'new',
  writes: false,
  idPrefix: '',
  options: {},
};

interface Cost {
  firstLookMs: number;
  cpuMsPerLook: number;
  bytesPerLook: number;
  /** Resident memory that the looks added, MiB. */
  memory: number;
}

function costAfter(length: number, file: string): Cost {
  writeFileSync(file, SampleEncoder.header('0', [spec]));
  const encoder = new SampleEncoder();
  let seq = 0;
  const until = (time: number) => {
    while (seq < time - 5) {
      for (const block = seq + 50_000; seq < Math.min(block, time - 5); seq++)
        encoder.add(0, seq, seq, seq, seq + 3, { outcome: 'ok', error: 'none', status: 200 });
      appendFileSync(file, encoder.take());
    }
  };
  until(length);
  const before = process.memoryUsage.rss();
  const watch = new RecoveryWatch(file, STEADY + 5000, STEADY);
  const began = performance.now();
  watch.unstable(length);
  const firstLookMs = performance.now() - began;
  const bytes = watch.bytesRead;
  let cpu = 0;
  for (let look = 1; look <= LOOKS; look++) {
    until(length + look * 1000);
    const start = process.cpuUsage();
    watch.unstable(length + look * 1000);
    const { user, system } = process.cpuUsage(start);
    cpu += (user + system) / 1000;
  }
  const bytesPerLook = (watch.bytesRead - bytes) / LOOKS;
  watch.close();
  const memory = Math.max(0, process.memoryUsage.rss() - before) / 2 ** 20;
  return { firstLookMs, cpuMsPerLook: cpu / LOOKS, bytesPerLook, memory };
}

const folder = mkdtempSync(path.join(tmpdir(), 'bench-recovery-'));
try {
  costAfter(60_000, path.join(folder, 'warm-up'));
  const costs = Object.entries(LENGTHS).map(([name, length]) => {
    const cost = costAfter(length, path.join(folder, name));
    const { firstLookMs, cpuMsPerLook, bytesPerLook, memory } = cost;
    console.log(
      `after ${name.padEnd(5)}  ${cpuMsPerLook.toFixed(1)} cpu-ms and ${Math.round(bytesPerLook / 1024)} KiB a look, ` +
        `${firstLookMs.toFixed(0)} ms for the first, ${memory.toFixed(0)} MiB`,
    );
    return cost;
  });
  const [short, long] = costs as [Cost, Cost];
  const isConstant = long.bytesPerLook <= short.bytesPerLook && long.cpuMsPerLook <= 2 * short.cpuMsPerLook;
  console.log(isConstant ? 'a look costs the same' : 'a look costs more after a long run');
  process.exitCode = isConstant ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
