/** The shared storage, which is all that the lab has. */
import { digestOf } from '../../config/sections.ts';
import { parseSize } from '../../guests/config.ts';
import { space } from '../figures.ts';
import { failed } from '../refusal.ts';
import type { Handlers, Request, World } from '../world.ts';

export const CONTENT = 'images,iso,import,snippets';

function row({ storage }: World) {
  const digest = digestOf(`dir: ${storage.name} ${storage.folder}`);
  return { storage: storage.name, type: 'dir', path: storage.folder, shared: 1, content: CONTENT, digest };
}

async function status({ storage }: World) {
  const { total, used, avail } = await space(storage.folder);
  return { type: 'dir', content: CONTENT, shared: 1, active: 1, enabled: 1, total, used, avail };
}

/** Throws Refusal 500 for another. */
function known({ world: { storage }, params }: Request): void {
  if (params.storage !== undefined && params.storage !== storage.name)
    throw failed(`storage '${params.storage}' does not exist`);
}

async function list(request: Request) {
  known(request);
  const { world, params } = request;
  if (
    params.content !== undefined &&
    !String(params.content)
      .split(',')
      .some((kind) => CONTENT.includes(kind))
  )
    return [];
  const { total, used, ...rest } = await status(world);
  return [{ storage: world.storage.name, ...rest, total, used, used_fraction: used / total }];
}

async function content(request: Request) {
  known(request);
  const { world, params } = request;
  const volumes = await world.storage.list();
  return volumes
    .filter(({ content: kind }) => params.content === undefined || params.content === kind)
    .filter(({ vmid }) => params.vmid === undefined || params.vmid === vmid);
}

async function allocate(request: Request): Promise<string> {
  known(request);
  const { storage } = request.world;
  const { vmid, size, format } = request.params;
  const bytes = parseSize(/^\d+$/.test(String(size)) ? `${size}K` : String(size));
  return storage.allocate(Number(vmid), format === 'raw' ? 'raw' : 'qcow2', bytes);
}

export const storageCalls: Handlers = {
  'GET /storage': async ({ world }) => [row(world)],
  'GET /nodes/{node}/storage': list,
  'GET /nodes/{node}/storage/{storage}': async (request) => {
    known(request);
    return ['content', 'status', 'upload'].map((subdir) => ({ subdir }));
  },
  'GET /nodes/{node}/storage/{storage}/status': async (request) => {
    known(request);
    return status(request.world);
  },
  'GET /nodes/{node}/storage/{storage}/content': content,
  'POST /nodes/{node}/storage/{storage}/content': allocate,
};
