import { connect } from 'node:net';
import { z } from 'zod';
import { duration } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { nodesOf, undoAll } from './targets.ts';

const options = z.strictObject({
  node: nodeSelector,
  hold: duration.prefault('60s').meta({ description: 'How long the node is cut off.' }),
});

/** After `hold` and this much more the node opens again by itself, whatever became of the suite. */
const DEAD_MAN_MARGIN = 30_000;

/**
 * Cuts a node off: its own firewall drops every packet that comes in or goes out, those of its containers and of overlay
 * networks too, except on the port by which the suite reaches it. Packets vanish, nothing is refused: a pulled cable.
 */
export const nodePartition: Fault<z.output<typeof options>> = {
  name: 'node-partition',
  summary: 'cuts a node off the network, everything on it running on, and connects it again after `hold`',
  options,
  needs: () => ['host.run', 'host.remove'],
  hold: ({ hold }) => hold,
  aim: (world, { node }) => chooseNodes(world, node),
  impact: (targets) => ({ nodesDown: nodesOf(targets) }),

  async inject(world, targets, { hold }) {
    const nodes = nodesOf(targets);
    const addresses = new Map(world.inspection.nodes.map(({ name, address }) => [name, address]));
    const answersPeers = (node: string) => answersTcp(addresses.get(node) ?? '', PEER_PORT);
    // Where a firewall keeps the suite from hearing the peers' port anyway, silence proves nothing.
    const audible = new Map(await Promise.all(nodes.map(async (node) => [node, await answersPeers(node)] as const)));
    const isReady = async (node: string) => {
      const { nodes: all } = await world.platform.inspect();
      return all.find(({ name }) => name === node)?.ready === true;
    };
    const name = `brownout-${world.run}-partition`;
    const seconds = String(Math.ceil((hold + DEAD_MAN_MARGIN) / 1000));
    const argv = ['sh', '-c', PARTITION, 'partition', seconds];
    const done = await Promise.all(
      nodes.map((node) =>
        world.act(
          { verb: 'host.run', args: { node, name, run: world.run, image: world.toolsImage, argv } },
          { verb: 'host.remove', args: { node, name } },
        ),
      ),
    );
    return {
      confirm: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          if (audible.get(node)) {
            const silent = !(await answersPeers(node)) && (await world.platform.answers(node));
            return silent ? `${node}: silent on its peers' port ${PEER_PORT}, while it lives` : undefined;
          }
          return (await isReady(node)) ? undefined : `${node}: its managers have lost it`;
        }),
      heal: () => undoAll(done),
      confirmHealed: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          if (audible.get(node) && !(await answersPeers(node))) return undefined;
          return (await isReady(node)) ? `${node}: answers, and its managers see it ready` : undefined;
        }),
    };
  },
};

/** Swarm nodes gossip on it. */
const PEER_PORT = 7946;
const PEER_TIMEOUT = 1500;

/** True when anything comes back, a refusal too; false when there is only silence. */
function answersTcp(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PEER_TIMEOUT });
    const end = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED'));
  });
}

/**
 * Runs on the node for `$1` seconds. `raw PREROUTING` sees all that comes in, also what is then forwarded to containers;
 * `mangle POSTROUTING` all that goes out, forwarded or the node's own (VXLAN among it). Traffic between the containers of
 * this very node stays. It opens the node again at its end and when it is told to end; should it be killed outright, the
 * rules themselves end by the kernel's clock, where the kernel can (xt_time).
 */
const PARTITION = `
set -eu
chain=BROWNOUT
families=iptables
[ -e /proc/net/if_inet6 ] && families="iptables ip6tables"

each() { for ip in $families; do "$1" "$ip" -w 5; done; }

open() {
  while "$@" -t raw -D PREROUTING -j $chain; do :; done
  while "$@" -t mangle -D POSTROUTING -j $chain; do :; done
  for table in raw mangle; do "$@" -t $table -F $chain; "$@" -t $table -X $chain; done
}

build() {
  until=$(date -u -d "@$(($(date +%s) + seconds))" +%Y-%m-%dT%H:%M:%S)
  for table in raw mangle; do
    if [ $table = raw ]; then way=-i; port=--dport; else way=-o; port=--sport; fi
    "$@" -t $table -N $chain
    for device in lo docker0 docker_gwbridge br-+ veth+; do "$@" -t $table -A $chain $way $device -j RETURN; done
    "$@" -t $table -A $chain -p tcp $port "$BROWNOUT_API_PORT" -j RETURN
    "$@" -t $table -A $chain -m time --datestop "$until" -j DROP 2>/dev/null || "$@" -t $table -A $chain -j DROP
  done
}

close() {
  "$@" -t raw -I PREROUTING -j $chain
  "$@" -t mangle -I POSTROUTING -j $chain
}

heal() {
  trap - EXIT
  set +e
  each open 2>/dev/null
}

seconds=$1
trap 'heal; exit 0' EXIT TERM INT HUP
# What a killed predecessor may have left.
(set +e; each open 2>/dev/null) || true
each build
each close
sleep "$seconds" &
wait $!
`;
