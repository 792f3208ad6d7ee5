/** The client against what a real Proxmox VE 9.2 answered: healthy, during outages, and from a minority. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Authority, type Recorded, readData, replay, TestEndpoint } from '../../../tests/proxmox/server.ts';
import { OperatorError } from '../../../units/operator-error.ts';
import { Api } from './api.ts';
import { ApiError, type Trouble } from './api-error.ts';
import { CALLS, type Call } from './calls.ts';

const SECRET = 'e9b2a6d4-0000-4000-8000-8d5f1a2b3c4d';

/** By the words of the reason phrase. What is not here is a refusal without a meaning of its own. */
const TROUBLES: [RegExp, Trouble][] = [
  [
    /^(No ticket|Authentication failed!|authentication failure|Permission denied - invalid csrf token)$/,
    'unauthenticated',
  ],
  [/^(No route to host|Connection refused|Connection timed out)$/, 'node-unreachable'],
  [/^Parameter verification failed/, 'bad-parameter'],
  [/^Method '.*' not implemented$/, 'not-implemented'],
  [/no quorum|^unable to open file '\/etc\/pve\/.*Permission denied$/, 'no-quorum'],
  [/^VM is locked/, 'locked'],
  [/checksum mismatch|detected modified configuration/, 'modified'],
  [/already (exists|defined)/, 'already-there'],
  [
    /does not exist|^no such |no such resource|^hostname lookup|not HA managed|non-existent node|unmanaged resource/,
    'not-there',
  ],
];

/** The call of the table that a recorded request is, with its parameters. */
function callOf({
  method,
  path,
  params,
}: Recorded['request']): { call: Call; asks: Record<string, unknown> } | undefined {
  const url = new URL(`https://x${path}`);
  const parts = url.pathname.split('/');
  for (const call of Object.keys(CALLS) as Call[]) {
    const [itsMethod, template] = call.split(' ') as [string, string];
    const names = template.split('/');
    if (itsMethod !== method || names.length !== parts.length) continue;
    const asks: Record<string, unknown> = { ...Object.fromEntries(url.searchParams), ...params };
    const fits = names.every((name, index) => {
      const key = /^\{(\w+)\}$/.exec(name)?.[1];
      if (key) asks[key] = decodeURIComponent(parts[index]!);
      return key !== undefined || name === parts[index];
    });
    if (fits) return { call, asks: typed(call, asks) };
  }
  return undefined;
}

/** Numbers and booleans, which a recorded request has as it was sent. */
function typed(call: Call, asks: Record<string, unknown>): Record<string, unknown> {
  const shape = CALLS[call].asks.shape as Record<string, { safeParse(value: unknown): { success: boolean } }>;
  return Object.fromEntries(
    Object.entries(asks).map(([name, value]) => {
      const candidates = [value, String(value), Number(value), value === 1 || value === '1', [value]];
      return [name, candidates.find((candidate) => shape[name]?.safeParse(candidate).success) ?? value];
    }),
  );
}

describe('the API client and the recorded answers', { timeout: 120_000 }, () => {
  const authority = new Authority();
  const all = readData<Recorded[]>('answers.json');
  let endpoint: TestEndpoint;
  let api: Api;

  before(async () => {
    process.env.BROWNOUT_TEST_PVE = SECRET;
    endpoint = await TestEndpoint.open(authority, () => {});
    api = new Api({
      endpoints: [endpoint.origin],
      login: { token: 'root@pam!rec', secret: 'env:BROWNOUT_TEST_PVE' },
      trust: { ca: authority.file },
    });
  });
  after(() => {
    api.close();
    endpoint.close();
    authority.remove();
  });

  /** What the client makes of it; undefined when it would not send such a request. */
  async function ask(recorded: Recorded): Promise<{ value: unknown } | ApiError | undefined> {
    const found = callOf(recorded.request);
    if (!found) return undefined;
    endpoint.handler = (_, response) => replay(response, recorded);
    const [method, path] = found.call.split(' ') as [string, '/version'];
    const verb = method.toLowerCase() as 'get';
    try {
      return { value: await api[verb](path, found.asks as Record<string, never>, { patience: 0 }) };
    } catch (error) {
      if (error instanceof ApiError) return error;
      if (error instanceof OperatorError && error.hint === 'nothing was sent') return undefined;
      throw error;
    }
  }

  it('are understood: every success has a value, every refusal a meaning and its words', async () => {
    const counts = { succeeded: 0, refused: 0, other: 0 };
    for (const recorded of all) {
      const { status, reason, label, body } = recorded;
      const got = await ask(recorded);
      if (!got) counts.other += 1;
      else if (status === 200) {
        assert.ok(!(got instanceof ApiError), `${label}: ${got instanceof ApiError && got.message}`);
        counts.succeeded += 1;
      } else {
        assert.ok(got instanceof ApiError, label);
        assert.equal(got.status, status, label);
        const message = ((body as { message?: string }).message ?? reason).trim();
        assert.ok(got.message.endsWith(`: ${status} ${message}`) || Object.keys(got.errors).length > 0, got.message);
        for (const [name, words] of Object.entries((body as { errors?: Record<string, string> }).errors ?? {}))
          assert.equal(got.errors[name], words.trim());
        counts.refused += 1;
      }
    }
    // What the suite would not ask, or never does, is the rest.
    assert.ok(counts.succeeded > 300, JSON.stringify(counts));
    assert.ok(counts.refused > 75, JSON.stringify(counts));
  });

  it('are told apart by what they mean', async () => {
    for (const recorded of all.filter(({ status }) => status !== 200)) {
      const got = await ask(recorded);
      if (!got) continue;
      assert.ok(got instanceof ApiError);
      const { errors = {} } = recorded.body as { errors?: Record<string, string> };
      const expected = /already exists/.test(errors.vmid ?? '')
        ? 'already-there'
        : errors.upid === 'no such task'
          ? 'not-there'
          : (TROUBLES.find(([form]) => form.test(recorded.reason))?.[1] ?? 'refused');
      assert.equal(got.trouble, expected, `${recorded.label}: ${recorded.status} ${recorded.reason}`);
    }
  });

  const one = async (fits: (recorded: Recorded) => boolean): Promise<unknown> => {
    const recorded = all.find(fits);
    assert.ok(recorded);
    const got = await ask(recorded);
    assert.ok(got && 'value' in got);
    return got.value;
  };

  it('become numbers, booleans and what is left out because it is as usual', async () => {
    const at = (path: string, phase = 'healthy') => one((r) => r.request.path === path && r.phase === phase);
    assert.equal(await at('/cluster/nextid'), 101);
    type Manager = { quorum: { quorate: boolean } };
    assert.equal(((await at('/cluster/ha/status/manager_status')) as Manager).quorum.quorate, true);
    assert.equal(((await at('/cluster/ha/status/manager_status', 'minority')) as Manager).quorum.quorate, false);
    const [cluster] = ((await at('/cluster/status', 'minority')) as { type: string; quorate: boolean }[]).filter(
      ({ type }) => type === 'cluster',
    );
    assert.equal(cluster?.quorate, false);
    const resources = (await at('/cluster/ha/resources')) as object[];
    const { digest, ...resource } = resources.find((each) => 'sid' in each && each.sid === 'vm:102') as {
      digest: string;
    };
    assert.match(digest, /^[0-9a-f]{40}$/);
    assert.deepEqual(resource, {
      sid: 'vm:102',
      type: 'vm',
      state: 'started',
      max_restart: 1,
      max_relocate: 1,
      failback: true,
    });
    const { total, data } = (await at('/nodes/pve1/tasks')) as { total: number; data: { status: string }[] };
    assert.ok(total >= data.length && data.every(({ status }) => status !== undefined));
  });
});
