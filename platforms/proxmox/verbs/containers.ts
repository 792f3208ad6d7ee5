/** What cannot be done to a container of Proxmox, which is no machine: it has its node's kernel and clock, and no agent. */
export const CONTAINERS_CANNOT: Readonly<Record<string, string>> = {
  'member.pause': 'it cannot be frozen: to suspend a container is to end it, with its state on the disk',
  'member.reset': 'it has no reset button; kill it',
  'member.crash': "it has no kernel of its own: the panic would be its node's",
  'member.migrate': 'it cannot move alive; relocate it, which stops and starts it',
  'member.disk': 'its disk takes no limit',
  'member.clock': "it has no clock of its own, but its node's",
  'member.ahead': "it has no clock of its own, but its node's",
  'member.uptime': 'it has no agent to ask',
};
