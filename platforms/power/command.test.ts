import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { OperatorError } from '../../units/operator-error.ts';
import { until } from '../../units/until.ts';
import { commandPower } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'brownout-power-'));
after(() => rmSync(folder, { recursive: true }));
const power = (config: { off?: string; on?: string; state?: string; timeout?: number }) =>
  commandPower({ kind: 'command', off: 'false', on: 'false', state: 'false', timeout: 10_000, ...config });

describe('power by commands', () => {
  it('says to the commands which node, and reads the state', async () => {
    const file = join(folder, '{node}');
    const agent = power({ off: `echo off > ${file}`, on: `echo on > ${file}`, state: `cat ${file}` });
    await agent.off('w1');
    assert.equal(readFileSync(join(folder, 'w1'), 'utf8'), 'off\n');
    assert.equal(await agent.state('w1'), 'off');
    await agent.on('w1');
    assert.equal(await agent.state('w1'), 'on');
  });

  it("takes the report's note from among the words of off, and nothing else", async () => {
    const said = power({ off: 'echo Chassis Power Control: Down/Off; echo note: it forgets nothing' });
    assert.deepEqual(await said.off('w1'), { note: 'it forgets nothing' });
    assert.deepEqual(await power({ off: 'echo no note: of any kind' }).off('w1'), {});
  });

  it('is unknown when the state is neither on nor off', async () => {
    assert.equal(await power({ state: 'echo perhaps' }).state('w1'), 'unknown');
    assert.equal(await power({ state: 'true' }).state('w1'), 'unknown');
  });

  it("fails with the command's own words", async () => {
    await assert.rejects(power({ off: 'echo no such outlet >&2; exit 7' }).off('w1'), (error: OperatorError) => {
      assert.match(error.message, /power off of w1 failed \(exit 7\).*\nno such outlet/s);
      return true;
    });
  });

  it('ends a command that hangs, with its children', async () => {
    const mark = join(folder, 'pid');
    const agent = power({ off: `sleep 1000 & echo $! > ${mark}; wait`, timeout: 300 });
    await assert.rejects(agent.off('w1'), /no end within 300 ms/);
    const child = Number(readFileSync(mark, 'utf8'));
    // A zombie that nobody has reaped yet still has its number; its state tells.
    const state = () => {
      try {
        return /^State:\s+(\w)/m.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1];
      } catch {
        return undefined;
      }
    };
    await until('its child has ended', () => [undefined, 'Z', 'X'].includes(state()), { timeout: 10_000, every: 20 });
  });

  it('lets no name pass that a shell could read as a command', async () => {
    writeFileSync(join(folder, 'kept'), '');
    for (const node of [`w1; rm ${folder}/kept`, '$(id)', "w'1", '']) {
      await assert.rejects(power({ off: 'true {node}' }).off(node), OperatorError);
    }
    assert.equal(readFileSync(join(folder, 'kept'), 'utf8'), '');
  });
});
