import { resolve } from 'node:path';
import { didYouMean, list } from '../files/validate.ts';
import type { Path } from '../files/yaml.ts';
import { type KnownKinds, wrongOptions } from '../probes/kinds.ts';
import type { ProbeKind } from '../probes/probe.ts';
import { formatDuration } from '../units/units.ts';
import { scriptFile } from './k6/script.ts';
import type { WrittenLoad } from './schema.ts';

/** One mistake: where it stands in the load, at the key or at its value. */
interface LoadMistake {
  at: 'key' | 'value';
  path: Path;
  message: string;
  hint?: string;
}

/** The part of a workload that loads are checked against. */
interface Askable {
  name: string;
  probes: Readonly<Record<string, { kind: ProbeKind; writes: boolean; options?: Record<string, unknown> }>>;
}

type Key = keyof WrittenLoad;

/** What each engine must be told, what it may be, and what it cannot use. */
const KEYS: Record<WrittenLoad['engine'], { needs: Key[]; takes: Key[]; example: string }> = {
  open: { needs: ['probe'], takes: ['rate', 'for', 'stages'], example: '{ probe: page, rate: 500/s }' },
  autocannon: {
    needs: ['probe', 'connections', 'amount'],
    takes: ['for'],
    example: '{ engine: autocannon, probe: page, connections: 100, amount: 20000 }',
  },
  k6: {
    needs: ['script'],
    takes: ['rate', 'for', 'stages', 'connections', 'amount', 'runners'],
    example: '{ engine: k6, script: k6/voting.ts, rate: 500/s }',
  },
};
/** For every engine. */
const COMMON: Key[] = ['engine', 'connection', 'timeout', 'thresholds'];

/** Valid by the schema but wrong: keys of another engine, a probe or a script that is not there, a probe that cannot be a load, limits that are never missed. */
export function* loadMistakes(load: WrittenLoad, workload: Askable, kinds: KnownKinds): Generator<LoadMistake> {
  yield* keyMistakes(load);
  yield* amountMistakes(load);
  yield* probeMistakes(load, workload, kinds);
  yield* scriptMistakes(load);
  yield* thresholdMistakes(load);
}

function* keyMistakes(load: WrittenLoad): Generator<LoadMistake> {
  const { engine, rate, stages } = load;
  const { needs, takes, example } = KEYS[engine];
  const given = (Object.keys(load) as Key[]).filter((key) => load[key] !== undefined);
  for (const key of given.filter((each) => ![...COMMON, ...needs, ...takes].includes(each))) {
    const others = (Object.keys(KEYS) as WrittenLoad['engine'][]).filter((other) =>
      [...KEYS[other].needs, ...KEYS[other].takes].includes(key),
    );
    yield {
      at: 'key',
      path: [key],
      message: `the engine ${engine} has no use for '${key}'`,
      hint: `that is for ${list(others)}`,
    };
  }
  for (const key of needs.filter((each) => load[each] === undefined)) {
    yield { at: 'key', path: [], message: `'${key}' is missing`, hint: `for example \`load: ${example}\`` };
  }
  if (engine === 'open' && rate === undefined && stages === undefined) {
    yield { at: 'key', path: [], message: "'rate' or 'stages' is missing", hint: `for example \`load: ${example}\`` };
  }
  if (rate !== undefined && stages !== undefined) {
    yield {
      at: 'key',
      path: ['stages'],
      message: 'a load has a rate or stages, not both',
      hint: 'leave one of them out',
    };
  } else if (stages !== undefined && load.for !== undefined) {
    yield { at: 'key', path: ['for'], message: 'stages say themselves how long they last', hint: 'leave `for` out' };
  }
}

function* amountMistakes({ connections, amount }: WrittenLoad): Generator<LoadMistake> {
  if (connections === undefined || amount === undefined || amount >= connections) return;
  const message = `${amount} requests are fewer than ${connections} connections: some would never ask`;
  yield { at: 'value', path: ['amount'], message, hint: `say at least ${connections}` };
}

function* probeMistakes(
  { probe: name, connection }: WrittenLoad,
  workload: Askable,
  kinds: KnownKinds,
): Generator<LoadMistake> {
  if (name === undefined) return;
  const path = ['probe'];
  const probe = Object.hasOwn(workload.probes, name) ? workload.probes[name]! : undefined;
  if (!probe) {
    const hint = didYouMean(name, Object.keys(workload.probes), 'probe');
    yield { at: 'value', path, message: `${workload.name} has no probe '${name}'`, hint };
    return;
  }
  const kind = Object.hasOwn(kinds, probe.kind) ? kinds[probe.kind]!.probe : undefined;
  if (!kind?.http) {
    const able = Object.keys(workload.probes).filter((each) => kinds[workload.probes[each]!.kind]?.probe.http);
    const message = `'${name}' of ${workload.name} does not ask by HTTP (it is of the kind ${probe.kind}), so it cannot be a load`;
    yield { at: 'value', path, message, hint: `those that can: ${able.join(', ') || 'none'}` };
    return;
  }
  const wrong = wrongOptions(kind, probe.options ?? {});
  if (wrong !== undefined) {
    const message = `'${name}' of ${workload.name} has options that no ${probe.kind} probe takes: ${wrong}`;
    yield { at: 'value', path, message, hint: `the options stand in fixtures/${workload.name}/workload.ts` };
  }
  if (probe.writes && !kind.writes) {
    const message = `'${name}' of ${workload.name} writes, and a ${probe.kind} probe only reads`;
    yield { at: 'value', path, message, hint: 'say writes: false in the workload' };
  }
  if (!kind.connections.includes(connection)) {
    const hint = `possible: ${list(kind.connections)}`;
    yield { at: 'value', path: ['connection'], message: `'${name}' cannot use ${connection} connections`, hint };
  }
}

function* scriptMistakes({ script }: WrittenLoad): Generator<LoadMistake> {
  if (script === undefined) return;
  if (!/\.[cm]?[jt]s$/.test(script)) {
    yield {
      at: 'value',
      path: ['script'],
      message: `${script} is no script`,
      hint: 'expected a file of TypeScript or JavaScript, such as k6/voting.ts',
    };
    return;
  }
  if (scriptFile(script) !== undefined) return;
  yield {
    at: 'value',
    path: ['script'],
    message: `there is no script ${script}`,
    hint: `expected ${resolve(script)}, or one that comes with the suite, such as k6/voting.ts`,
  };
}

function* thresholdMistakes({ engine, thresholds, timeout }: WrittenLoad): Generator<LoadMistake> {
  if (thresholds.errors === 1) {
    const message = 'no more than all requests can fail: it could never be missed';
    yield { at: 'value', path: ['thresholds', 'errors'], message, hint: 'name a smaller share' };
  }
  // What a script waits for is its own affair. Of an open load a request may be late before it is sent, and still no good answer takes longer.
  if (engine === 'k6') return;
  for (const key of ['p95', 'p99'] as const) {
    const limit = thresholds[key];
    if (limit === undefined || limit < timeout) continue;
    const message = `no answer is waited for longer than ${formatDuration(timeout)}: it could never be missed`;
    yield { at: 'value', path: ['thresholds', key], message, hint: 'name a shorter time, or a longer `timeout`' };
  }
}
