// A guest's life by cv4pve-api-javascript: arguments are its module, host, port, password, VMID.
const assert = require('node:assert/strict');

const [module_, host, port, password, vmid] = process.argv.slice(2);
const { PveClient } = require(module_);

async function main() {
  const client = new PveClient(host, Number(port));
  assert.equal(await client.login('root', password), true);
  const id = Number(vmid);
  const done = async (result) => {
    assert.equal(result.isSuccessStatusCode, true, result.reasonPhrase);
    assert.equal(await client.waitForTaskToFinish(result.response.data, 100, 20_000), true);
    assert.equal(await client.getExitStatusTask(result.response.data), 'OK');
  };
  const status = await client.get('/cluster/status');
  assert.equal(status.response.data[0].quorate, 1);
  await done(await client.create('/nodes/pve1/qemu', { vmid: id, name: 'by-cv4pve', memory: 64 }));
  await done(await client.create(`/nodes/pve1/qemu/${id}/status/start`));
  const added = await client.create('/cluster/ha/resources', { sid: `vm:${id}`, state: 'started' });
  assert.equal(added.statusCode, 200);
  await done(await client.create(`/nodes/pve1/qemu/${id}/migrate`, { target: 'pve2', online: true }));
  assert.equal((await client.delete(`/cluster/ha/resources/vm:${id}`)).statusCode, 200);
  await done(await client.create(`/nodes/pve1/qemu/${id}/status/stop`));
  const unknown = await client.get('/nodes/pve1/qemu/999/config');
  assert.match(unknown.reasonPhrase, /does not exist/);
  await done(await client.delete(`/nodes/pve1/qemu/${id}`));
  console.log('done');
}

main();
