/** New guests from others. */
import { randomUUID } from 'node:crypto';
import { configPath } from '../../config/guest-files.ts';
import { isTrue } from '../../config/values.ts';
import { drivesOf, formatDrive, formatFile, formatNet, netsOf } from '../../guests/config.ts';
import type { GuestConfig } from '../../node/parts.ts';
import { settingsOf } from '../guest-config.ts';
import { needBridge } from '../option-rights.ts';
import { guestNodes } from '../parts.ts';
import { failed } from '../refusal.ts';
import { checkUnlocked, type Handlers, type Request, readGuest } from '../world.ts';

async function clone({ world, params, caller }: Request): Promise<string> {
  const { node, files, storage } = world;
  const [vmid, newid] = [Number(params.vmid), Number(params.newid)];
  const target = String(params.target ?? node);
  if (!world.membership.nodes().some(({ name }) => name === target)) throw failed(`no such cluster node '${target}'`);
  await world.rights.need(caller, `/vms/${newid}`, 'VM.Allocate');
  const { config } = await readGuest(world, node, vmid);
  for (const { file, cdrom } of drivesOf(config)) {
    if (!cdrom) await world.rights.need(caller, `/storage/${file.split(':')[0]}`, 'Datastore.AllocateSpace');
  }
  for (const { bridge } of netsOf(config)) if (bridge !== undefined) await needBridge({ world, caller }, bridge);
  checkUnlocked(config);
  const taken = (await guestNodes(world)).get(newid);
  if (taken !== undefined) throw failed(`unable to create VM ${newid}: config file already exists`);
  if (!world.membership.quorate()) throw failed('cluster not ready - no quorum?');
  // A linked clone stands on a disk that must not change any more.
  const full = params.full === true || (!isTrue(config.template) && params.full === undefined);
  if (!full && !isTrue(config.template))
    throw failed('Linked clone feature is not supported for a guest that is no template');
  const path = configPath(target, newid);
  const { template: _, digest: __, ...kept } = config;
  await files.write(path, formatFile({ config: { lock: 'clone' }, snapshots: {} }));
  return world.tasks.start('qmclone', vmid, caller, async (log) => {
    log(`creating a clone of VM ${vmid} with ID ${newid}`);
    const made: GuestConfig = {
      ...kept,
      ...settingsOf(nameAndWords(params)),
      smbios1: `uuid=${randomUUID()}`,
      vmgenid: randomUUID(),
    };
    try {
      for (const drive of drivesOf(config).filter(({ file }) => file !== 'none')) {
        const isCloudInit = drive.file.endsWith('cloudinit') || /vm-\d+-cloudinit/.test(drive.file);
        if (drive.cdrom && !isCloudInit) continue;
        log(`create ${full ? 'full' : 'linked'} clone of drive ${drive.key} (${drive.file})`);
        const file = isCloudInit ? await storage.cloudInit(newid, made) : await storage.clone(drive.file, newid, full);
        made[drive.key] = formatDrive({ ...drive, file });
      }
      // Two guests with one hardware address do not work on one bridge.
      for (const net of netsOf(config))
        Object.assign(made, settingsOf({ [net.key]: formatNet({ ...net, mac: undefined }) }));
      if (params.name === undefined) made.name = `Copy-of-VM-${config.name ?? vmid}`;
      await files.write(path, formatFile({ config: made, snapshots: {} }));
    } catch (error) {
      await files.remove(path);
      throw new Error(`clone failed: ${(error as Error).message}`);
    }
    world.broadcast.soon();
  });
}

const nameAndWords = ({ name, description }: Request['params']) => ({
  ...(name !== undefined && { name }),
  ...(description !== undefined && { description }),
});

async function toTemplate({ world, params, caller }: Request): Promise<string> {
  const vmid = Number(params.vmid);
  const { config } = await readGuest(world, world.node, vmid);
  checkUnlocked(config);
  await world.rights.need(caller, `/vms/${vmid}`, 'VM.Allocate');
  if (world.hypervisor.running().includes(vmid)) throw failed("you can't convert a VM to template if VM is running");
  return world.tasks.start('qmtemplate', vmid, caller, () =>
    world.files.write(
      configPath(world.node, vmid),
      formatFile({ config: { ...config, template: '1' }, snapshots: {} }),
    ),
  );
}

export const cloneCalls: Handlers = {
  'POST /nodes/{node}/qemu/{vmid}/clone': clone,
  'POST /nodes/{node}/qemu/{vmid}/template': toTemplate,
};
