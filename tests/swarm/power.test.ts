/** Power agents with their real counterparts: ClusterLabs' own fence agents, and a Docker engine. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { ensurePackages } from '../../lab/setup.ts';
import { connect, unlessGone } from '../../platforms/docker/client.ts';
import { dockerPower } from '../../platforms/power/docker.ts';
import { checkFenceOptions, fencePower } from '../../platforms/power/fence.ts';
import { type FenceParameter, parseFenceMetadata } from '../../platforms/power/metadata.ts';
import { runProgram } from '../../processes/program.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { labCluster } from '../labs/swarm.ts';

const AGENTS = '/usr/sbin';

/** What a real XML parser finds in the same texts. */
const XML_PARSER = `
import json, sys, xml.etree.ElementTree as tree
print(json.dumps([[{
  'name': p.get('name'), 'required': p.get('required') == '1', 'deprecated': p.get('deprecated') == '1',
  'obsoletes': p.get('obsoletes'), 'hasDefault': p.find('content').get('default') is not None,
  'choices': [o.get('value') for o in p.iter('option')],
} for p in tree.fromstring(text).iter('parameter')] for text in json.load(sys.stdin)]))`;

describe('power by fence agents', { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-fence-'));
  let cannotInstall: string | undefined;

  before(async () => {
    try {
      await ensurePackages(['fence-agents'], (text) => console.error(text));
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      cannotInstall = error.message;
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  const withAgents = (test: () => Promise<void>) => async (context: TestContext) => {
    if (cannotInstall) return context.skip(`fence agents cannot be installed here: ${cannotInstall}`);
    await test();
  };
  const metadata = async (agent: string): Promise<FenceParameter[]> => {
    const { stdout } = await runProgram(agent, [], { input: 'action=metadata\n', timeout: 30_000 });
    const parameters = parseFenceMetadata(stdout);
    assert.ok(parameters, `${agent} has metadata`);
    return parameters;
  };
  const dummy = (options: Record<string, string> = {}) =>
    fencePower({
      kind: 'fence',
      agent: 'fence_dummy',
      options: { status_file: join(folder, '{node}'), ...options },
      timeout: 30_000,
    });

  it(
    'reads the metadata of every agent that is installed, the same as an XML parser does',
    withAgents(async () => {
      const agents = (await readdir(AGENTS)).filter((name) => /^fence_(?!ack_manual|kdump_send|tool)/.test(name));
      assert.ok(agents.length > 50, `${agents.length} agents`);
      const texts: string[] = [];
      for (const agent of agents) {
        const file = join(AGENTS, agent);
        texts.push((await runProgram(file, [], { input: 'action=metadata\n', timeout: 30_000 })).stdout);
      }
      const parsed = await runProgram('python3', ['-c', XML_PARSER], { input: JSON.stringify(texts), timeout: 60_000 });
      assert.equal(parsed.code, 0, parsed.stderr);
      const expected: object[][] = JSON.parse(parsed.stdout);
      for (const [index, agent] of agents.entries()) {
        const found = parseFenceMetadata(texts[index]!)?.map(({ obsoletes = null, description, ...rest }) => ({
          ...rest,
          obsoletes,
        }));
        assert.deepEqual(found, expected[index], agent);
      }
    }),
  );

  it(
    'checks options against what the agent itself declares',
    withAgents(async () => {
      const ipmi = await metadata('fence_ipmilan');
      const check = (options: Record<string, string>, parameters: FenceParameter[], agent: string) => () =>
        checkFenceOptions({ agent, options }, parameters, 'w1');
      assert.deepEqual(check({ ip: '{node}-bmc', username: 'ops', password: 'env:BMC' }, ipmi, 'fence_ipmilan')(), {
        ip: 'w1-bmc',
        username: 'ops',
        password: 'env:BMC',
      });
      assert.throws(check({ usernmae: 'ops' }, ipmi, 'fence_ipmilan'), (error: OperatorError) => {
        assert.match(error.message, /fence_ipmilan has no parameter 'usernmae'/);
        assert.match(error.hint!, /'username'/);
        return true;
      });
      assert.throws(check({ auth: 'md6' }, ipmi, 'fence_ipmilan'), /'auth' cannot be 'md6'/);
      assert.throws(check({ action: 'off' }, ipmi, 'fence_ipmilan'), /'action' is set by the suite/);
      assert.throws(check({ ip: 'a\nb' }, ipmi, 'fence_ipmilan'), /line break/);
      const apc = await metadata('fence_apc');
      assert.throws(check({}, apc, 'fence_apc'), /fence_apc needs 'ip', 'username'/);
      // The plug is the node's name unless it is given, as `plug` or as `port`.
      assert.equal(check({ ip: 'pdu', username: 'ops' }, apc, 'fence_apc')().plug, 'w1');
      assert.deepEqual(check({ ipaddr: 'pdu', login: 'ops', port: '{node}' }, apc, 'fence_apc')(), {
        ipaddr: 'pdu',
        login: 'ops',
        port: 'w1',
      });
    }),
  );

  it(
    'switches off and on, and reads the state',
    withAgents(async () => {
      const power = dummy();
      await power.on('w1');
      assert.equal(await power.state('w1'), 'on');
      await power.off('w1');
      assert.equal(await power.state('w1'), 'off');
      assert.equal(readFileSync(join(folder, 'w1'), 'utf8'), 'off');
    }),
  );

  it(
    'fails with the words of the agent when the device does not do it',
    withAgents(async () => {
      // This type of the dummy agent accepts every command and does nothing.
      await assert.rejects(dummy({ type: 'fail', power_timeout: '1' }).off('w1'), (error: OperatorError) => {
        assert.match(error.message, /fence_dummy action=off for w1 failed \(exit 1\)/);
        return true;
      });
    }),
  );

  it(
    'resolves secrets when they are used, and never shows them',
    withAgents(async () => {
      const secret = join(folder, 'status-file-name');
      const target = join(folder, 'from-a-secret');
      writeFileSync(secret, `${target}\n`);
      const power = dummy({ status_file: `file:${secret}` });
      await power.on('w1');
      assert.equal(readFileSync(target, 'utf8'), 'on');
      process.env.BROWNOUT_TEST_SECRET = '/nowhere/s3cret';
      await assert.rejects(dummy({ status_file: 'env:BROWNOUT_TEST_SECRET' }).on('w1'), (error: OperatorError) => {
        assert.match(error.message, /•••/);
        assert.ok(!error.message.includes('s3cret'), error.message);
        return true;
      });
      delete process.env.BROWNOUT_TEST_SECRET;
      await assert.rejects(
        dummy({ status_file: 'env:BROWNOUT_TEST_SECRET' }).off('w1'),
        /no such environment variable/,
      );
      await assert.rejects(dummy({ status_file: `file:${folder}/none` }).off('w1'), /cannot be read/);
    }),
  );

  it('says which agent is missing', async () => {
    const power = fencePower({ kind: 'fence', agent: 'fence_nonesuch', options: {}, timeout: 5000 });
    await assert.rejects(power.state('w1'), /fence agent fence_nonesuch cannot be started/);
  });
});

describe('power of nodes that are containers', { timeout: 120_000 }, () => {
  const NAME = 'brownout-test-node-w1';

  it('kills and starts the container', async () => {
    const cluster = await labCluster();
    const host = cluster.reach.hosts[0]!;
    const engine = connect(host, undefined);
    const remove = () =>
      unlessGone(engine.ask('remove', (api) => api.getContainer(NAME).remove({ force: true }), 20_000));
    await remove();
    try {
      const options = { name: NAME, Image: cluster.images.tools!, Cmd: ['sleep', '600'] };
      await engine.ask('create', (api) => api.createContainer(options), 20_000);
      const power = dockerPower({ kind: 'docker', host, container: 'brownout-test-node-{node}' });
      assert.equal(await power.state('w1'), 'off');
      await power.on('w1');
      await power.on('w1');
      assert.equal(await power.state('w1'), 'on');
      await power.off('w1');
      await power.off('w1');
      assert.equal(await power.state('w1'), 'off');
      await assert.rejects(power.state('w9'), /w9 \(container brownout-test-node-w9\)/);
    } finally {
      await remove();
      engine.close();
    }
  });
});
