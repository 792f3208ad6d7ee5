/** Builds what the labs on Kubernetes and Proxmox are made of, unless it is cached, without getting into anybody's way. */
import os from 'node:os';
import { kubernetesBuild } from '../lab/kubernetes/up.ts';
import { proxmoxBuild } from '../lab/proxmox/up.ts';

os.setPriority(os.constants.priority.PRIORITY_LOW);
const progress = (text: string) => console.error(text);
await kubernetesBuild(progress);
await proxmoxBuild(progress);
