// A guest's life by proxmox-api: arguments are its module, host, port, password, VMID.
import assert from 'node:assert/strict';

const [module, host, port, password, vmid] = process.argv.slice(2);
const { default: proxmoxApi } = await import(module);
const api = proxmoxApi({ host, port: Number(port), username: 'root@pam', password });
const done = async (upid) => {
  for (;;) {
    const { status, exitstatus } = await api.nodes.$(upid.split(':')[1]).tasks.$(upid).status.$get();
    if (status === 'stopped') return assert.equal(exitstatus, 'OK');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
assert.equal((await api.nodes.$get()).length, 3);
const id = Number(vmid);
await done(await api.nodes.$('pve1').qemu.$post({ vmid: id, name: 'by-npm', memory: 64 }));
const guest = api.nodes.$('pve1').qemu.$(id);
await done(await guest.status.start.$post());
assert.equal((await guest.status.current.$get()).status, 'running');
await api.cluster.ha.resources.$post({ sid: `vm:${id}`, state: 'started' });
await done(await guest.migrate.$post({ target: 'pve2', online: true }));
await api.cluster.ha.resources.$(`vm:${id}`).$delete();
await done(await guest.status.stop.$post());
await done(await guest.$delete());
console.log('done');
