/** Which guests are under HA, and what the CRM is asked to do with them. */
import { parseResources, RESOURCES, withResource } from '../../config/resources.ts';
import { digestOf } from '../../config/sections.ts';
import { listOf } from '../../config/values.ts';
import { asText, type Params } from '../check.ts';
import { guestNodes } from '../parts.ts';
import { failed } from '../refusal.ts';
import { checkDigest, type Handlers, type Request, underLock, type World } from '../world.ts';
import { forget } from './guests.ts';

const NO_GROUPS = 'ha groups have been migrated to rules';

/** Throws Refusal 500 for what is neither a guest's number nor `vm:100`, `ct:100`. */
function sidOf({ sid }: Params): string {
  const given = String(sid);
  if (/^\d+$/.test(given)) return `vm:${given}`;
  const type = given.slice(0, given.indexOf(':'));
  if (type !== 'vm' && type !== 'ct') throw failed(`unknown section type '${type}'`);
  return given;
}

async function read({ files }: World) {
  const text = (await files.read(RESOURCES)) ?? '';
  return { digest: digestOf(text), resources: parseResources(text) };
}

const NUMBERS = ['max_restart', 'max_relocate', 'failback', 'auto-rebalance'];

function row(sid: string, properties: Record<string, string>, digest: string) {
  const typed = Object.entries(properties).map(([key, value]) => [key, NUMBERS.includes(key) ? Number(value) : value]);
  return { sid, type: sid.split(':')[0], state: 'started', ...Object.fromEntries(typed), digest };
}

async function list({ world, params }: Request) {
  const { digest, resources } = await read(world);
  return Object.entries(resources)
    .map(([sid, properties]) => row(sid, properties, digest))
    .filter(({ type }) => params.type === undefined || params.type === type);
}

async function show({ world, params }: Request) {
  const sid = sidOf(params);
  const { digest, resources } = await read(world);
  const found = resources[sid];
  if (!found) throw failed(`no such resource '${sid}'`);
  return row(sid, found, digest);
}

function settings({
  sid: _,
  type: __,
  digest: ___,
  delete: removed = '',
  ...given
}: Params): Record<string, string | undefined> {
  if (given.group !== undefined) throw failed(`invalid parameter 'group': ${NO_GROUPS}`);
  const written = Object.entries(given).map(([key, value]): [string, string | undefined] => {
    if (value === '') return [key, undefined];
    return [key, value === 'enabled' ? 'started' : asText(value)];
  });
  const gone = listOf(String(removed));
  return Object.fromEntries([...written, ...gone.map((key): [string, undefined] => [key, undefined])]);
}

async function create({ world, params }: Request): Promise<void> {
  const sid = sidOf(params);
  const changes = { state: 'started', ...settings(params) };
  const vmid = Number(sid.slice(3));
  if (!(await guestNodes(world)).has(vmid)) throw failed(`resource '${sid}' does not exist in cluster`);
  if (sid.startsWith('ct:') && !(await guestNodes(world, 'ct')).has(vmid))
    throw failed(`resource '${sid}' - guest with ID ${vmid} is not a container`);
  await underLock(
    world,
    'domain-ha',
    () =>
      world.files.update(RESOURCES, (text = '') => {
        if (parseResources(text)[sid]) throw failed(`resource ID '${sid}' already defined`);
        return withResource(text, sid, changes);
      }),
    { context: 'create resource failed: ' },
  );
}

async function change({ world, params }: Request): Promise<void> {
  const sid = sidOf(params);
  const changes = settings(params);
  await underLock(
    world,
    'domain-ha',
    () =>
      world.files.update(RESOURCES, (text = '') => {
        checkDigest(params, text);
        if (!parseResources(text)[sid]) throw failed(`no such resource '${sid}'`);
        return withResource(text, sid, changes);
      }),
    { context: 'update resources config failed: ' },
  );
}

async function remove({ world, params }: Request): Promise<void> {
  const sid = sidOf(params);
  if (!(await read(world)).resources[sid]) throw failed(`cannot delete service '${sid}', not HA managed!`);
  await underLock(world, 'domain-ha', () => forget(world, sid), { context: 'delete resource failed: ' });
}

/** Nothing is looked at but the resource: the CRM drops what cannot be, and says so to nobody. */
const ask =
  (verb: 'migrate' | 'relocate') =>
  async ({ world, params }: Request) => {
    const sid = sidOf(params);
    const services = await world.ha.services();
    if (!services[sid]) throw failed(`resource '${sid}' is not HA managed`);
    const node = String(params.node);
    const others = (await world.ha.rules())
      .filter((rule) => rule.type === 'resource-affinity' && !rule.disabled && rule.resources.includes(sid))
      .flatMap((rule) =>
        rule.type === 'resource-affinity'
          ? rule.resources.filter((other) => other !== sid).map((other) => ({ other, affinity: rule.affinity }))
          : [],
      );
    const together = others.filter(({ affinity }) => affinity === 'positive').map(({ other }) => other);
    const blocking = others.filter(({ affinity }) => affinity === 'negative').map(({ other }) => other);
    const inTheWay = blocking.filter((other) => services[other]?.node === node);
    await underLock(world, 'domain-ha', () => world.ha.queue(`${verb} ${sid} ${node}`));
    return {
      sid,
      'requested-node': node,
      ...(together.length > 0 && { 'comigrated-resources': together }),
      ...(inTheWay.length > 0 && {
        'blocking-resources': inTheWay.map((other) => ({ sid: other, cause: 'resource-affinity' })),
      }),
    };
  };

const noGroups = (verb: string) => async () => {
  throw failed(`cannot ${verb}: ${NO_GROUPS}`);
};

export const haResourceCalls: Handlers = {
  'GET /cluster/ha/groups': noGroups('index groups'),
  'POST /cluster/ha/groups': noGroups('create group'),
  'GET /cluster/ha/groups/{group}': noGroups('read group'),
  'PUT /cluster/ha/groups/{group}': noGroups('update group'),
  'DELETE /cluster/ha/groups/{group}': noGroups('delete group'),
  'GET /cluster/ha/resources': list,
  'POST /cluster/ha/resources': create,
  'GET /cluster/ha/resources/{sid}': show,
  'PUT /cluster/ha/resources/{sid}': change,
  'DELETE /cluster/ha/resources/{sid}': remove,
  'POST /cluster/ha/resources/{sid}/migrate': ask('migrate'),
  'POST /cluster/ha/resources/{sid}/relocate': ask('relocate'),
};
