import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { cached, cacheFolder, keyOf } from './cache.ts';

const original = process.env.XDG_CACHE_HOME;
const home = mkdtempSync(join(tmpdir(), 'brownout-cache-'));
before(() => {
  process.env.XDG_CACHE_HOME = home;
});
after(() => {
  if (original === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = original;
  rmSync(home, { recursive: true });
});

const quiet = () => {};
// The lock's name is one for the whole computer: tests that run at the same time must not share it.
const kind = (name: string) => `test-${name}-${process.pid}`;

test('the key is that of the content', () => {
  assert.equal(keyOf({ packages: ['a'] }), keyOf({ packages: ['a'] }));
  assert.notEqual(keyOf({ packages: ['a'] }), keyOf({ packages: ['b'] }));
});

test('what is there is not built again, and two builds at once are one', async () => {
  let builds = 0;
  const get = () =>
    cached(kind('once'), 1, quiet, async (folder) => {
      builds++;
      await sleep(20);
      writeFileSync(join(folder, 'result'), 'whole');
    });
  const entries = await Promise.all([get(), get(), get()]);
  await get();
  assert.equal(builds, 1);
  assert.equal(new Set(entries).size, 1);
  assert.equal(readFileSync(join(entries[0]!, 'result'), 'utf8'), 'whole');
});

test('a build that fails leaves nothing that looks valid, and the next one works', async () => {
  const failing = cached(kind('fails'), 1, quiet, async (folder) => {
    writeFileSync(join(folder, 'result'), 'half');
    throw new Error('no space');
  });
  await assert.rejects(failing, /no space/);
  const entry = await cached(kind('fails'), 1, quiet, async (folder) => {
    assert.deepEqual(readdirSync(folder), []);
    writeFileSync(join(folder, 'result'), 'whole');
  });
  assert.equal(readFileSync(join(entry, 'result'), 'utf8'), 'whole');
});

test('a build whose process is killed is built again from the start', async () => {
  const script = `import { cached } from '${import.meta.dirname}/cache.ts';
    import { writeFileSync } from 'node:fs';
    await cached('${kind('killed')}', 1, () => {}, async (folder) => {
      writeFileSync(folder + '/result', 'half');
      console.log('started');
      await new Promise((done) => setTimeout(done, 60_000));
    });`;
  const builder = execa(process.execPath, ['--input-type=module', '-e', script], {
    stdin: 'ignore',
    stderr: 'inherit',
    reject: false,
  });
  await once(builder.stdout, 'data');
  builder.kill('SIGKILL');
  await builder;
  const entry = await cached(kind('killed'), 1, quiet, async (folder) => {
    assert.deepEqual(readdirSync(folder), []);
    writeFileSync(join(folder, 'result'), 'whole');
  });
  assert.equal(readFileSync(join(entry, 'result'), 'utf8'), 'whole');
});

test('the last few entries of a kind are kept', async () => {
  for (const version of [1, 2, 3, 4, 5]) await cached(kind('prune'), version, quiet, async () => {});
  const kept = readdirSync(cacheFolder()).filter((name) => name.startsWith(kind('prune')));
  assert.equal(kept.length, 3);
  assert.ok(kept.includes(`${kind('prune')}-${keyOf(5)}`));
});
