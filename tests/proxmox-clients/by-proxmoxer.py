# A guest's life by proxmoxer: arguments are host, port, password, the cluster's CA, VMID.
import sys
import time
from proxmoxer import ProxmoxAPI, ResourceException

host, port, password, ca, vmid = sys.argv[1:]
api = ProxmoxAPI(host, port=int(port), user="root@pam", password=password, verify_ssl=ca)


def done(upid):
    node = api.nodes(upid.split(":")[1])
    while True:
        status = node.tasks(upid).status.get()
        if status["status"] == "stopped":
            assert status["exitstatus"] == "OK", status
            return
        time.sleep(0.1)


assert api.version.get()["release"] == "9.2"
assert [node["node"] for node in api.nodes.get()] == ["pve1", "pve2", "pve3"]
done(api.nodes("pve1").qemu.create(vmid=vmid, name="by-proxmoxer", memory=64, net0="virtio,bridge=vmbr0"))
done(api.nodes("pve1").qemu(vmid).status.start.post())
done(api.nodes("pve1").qemu(vmid).migrate.post(target="pve2", online=1))
guest = api.nodes("pve2").qemu(vmid)
assert guest.status.current.get()["status"] == "running"
done(guest.status.stop.post())
assert guest.status.current.get()["status"] == "stopped"
api.cluster.ha.resources.post(sid=f"vm:{vmid}", state="stopped")
assert api.cluster.ha.resources(f"vm:{vmid}").get()["state"] == "stopped"
assert api.cluster.ha.resources(f"vm:{vmid}").migrate.post(node="pve3")["requested-node"] == "pve3"
api.cluster.ha.resources(f"vm:{vmid}").delete()
try:
    api.cluster.ha.resources(f"vm:{vmid}").get()
    raise AssertionError("it is still there")
except ResourceException as error:
    assert "no such resource" in str(error), error
done(guest.delete(purge=1))
print("done")
