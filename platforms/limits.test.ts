import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { OperatorError } from '../units/operator-error.ts';
import { withLimits } from './limits.ts';
import type { Member, Platform } from './platform.ts';

const never = () => new Promise<never>(() => {});
const member = { id: 'web.1' } as Member;
const MINUTE = 60_000;

/** A platform on which nothing ever settles, but what a test says of it. */
function silent(but: Partial<Platform> = {}): Platform {
  const methods = ['inspect', 'members', 'answers', 'condition', 'query', 'snapshot', 'leftovers', 'lockHolder'];
  const all = [...methods, 'mayDeploy', 'lastWord', 'rights', 'untilReady', 'exec', 'perform', 'close'];
  return { kind: 'mine', ...Object.fromEntries(all.map((name) => [name, never])), ...but } as unknown as Platform;
}

/** How it ends after so long, and that it has not ended just before. */
async function endsAfter<T>(t: TestContext, ms: number, asking: () => Promise<T>): Promise<T> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const asked = asking();
    let isOver = false;
    asked.then(
      () => (isOver = true),
      () => (isOver = true),
    );
    t.mock.timers.tick(ms - 1);
    await turn();
    assert.equal(isOver, false, 'not given up too early');
    t.mock.timers.tick(1);
    return await asked;
  } finally {
    t.mock.timers.reset();
  }
}

const questions: Record<string, (platform: Platform) => Promise<unknown>> = {
  inspect: (platform) => platform.inspect(),
  members: (platform) => platform.members('n'),
  answers: (platform) => platform.answers('w1'),
  condition: (platform) => platform.condition(member),
  query: (platform) => platform.query({ verb: 'q', args: {} }),
  snapshot: (platform) => platform.snapshot(),
  leftovers: (platform) => platform.leftovers(),
  lockHolder: (platform) => platform.lockHolder(),
  mayDeploy: (platform) => platform.mayDeploy!({ namespace: 'n', manifest: '', labels: {} }, []),
  lastWord: (platform) => platform.lastWord!('w1'),
  rights: (platform) => platform.rights!([]),
};

for (const [name, ask] of Object.entries(questions)) {
  test(`${name}: given up after two minutes, by the platform's name`, async (t) => {
    await assert.rejects(
      endsAfter(t, 2 * MINUTE, () => ask(withLimits(silent()))),
      (error) => error instanceof OperatorError && /^mine: .*no end within 120 s/.test(error.message),
    );
  });
}

const acts = { 'member.pause': 10, remove: 10, deploy: 30 };

for (const [verb, minutes] of Object.entries(acts)) {
  test(`${verb}: given up after ${minutes} minutes, by its name`, async (t) => {
    await assert.rejects(
      endsAfter(t, minutes * MINUTE, () => withLimits(silent()).perform({ verb, args: {} })),
      new RegExp(`^OperatorError: mine: ${verb}: no end within ${minutes * 60} s`),
    );
  });
}

test('what is told how long it may take gets that and a minute', async (t) => {
  const platform = withLimits(silent());
  await assert.rejects(
    endsAfter(t, 5 * MINUTE + MINUTE, () => platform.untilReady({ namespace: 'n', services: {} }, 5 * MINUTE)),
    /until n is ready: no end within 360 s/,
  );
  await assert.rejects(
    endsAfter(t, 30_000 + MINUTE, () => platform.exec(member, ['redis-cli'], { timeout: 30_000 })),
    /redis-cli in web\.1: no end within 90 s/,
  );
});

test('one that does not close keeps nobody, and is no error', async (t) => {
  await endsAfter(t, 10_000, () => withLimits(silent()).close());
});

test('one that throws at once rejects like any other', async () => {
  const inspect = () => {
    throw new OperatorError('no way to it');
  };
  await assert.rejects(withLimits(silent({ inspect })).inspect(), /no way to it/);
});

test('the platform is otherwise the same: what it has, lacks and answers, with its own private state', async () => {
  class Mine {
    readonly kind = 'mine';
    readonly verbs = { deploy: {} };
    #asked = 0;
    async inspect() {
      return { asked: ++this.#asked };
    }
    async *watch() {
      yield { text: `asked ${this.#asked}` };
    }
  }
  const own = new Mine();
  const platform = withLimits(own as unknown as Platform);
  assert.deepEqual(await platform.inspect(), { asked: 1 });
  const events: unknown[] = [];
  for await (const event of platform.watch('n', new AbortController().signal)) events.push(event);
  assert.deepEqual(events, [{ text: 'asked 1' }]);
  assert.equal(platform.verbs, own.verbs as unknown);
  assert.equal(platform.rights, undefined);
  assert.equal(platform.peerPort, undefined);
});
