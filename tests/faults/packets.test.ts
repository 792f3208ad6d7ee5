/** What a partitioned node's rules drop, on a bridge of this kernel: the node's own packets alone, or those of its guests as well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execa } from 'execa';
import { PACKETS } from '../../faults/packets/script.ts';

const skip = process.platform === 'linux' && process.getuid?.() === 0 ? false : 'network namespaces need root';

/** A bridge with an address of the node, and two guests on it. Argument: the script of the rules. Prints who reaches whom, by case. */
const BED = `
set -eu
one=brownout-test-one-$$ two=brownout-test-two-$$
trap 'ip netns del $one; ip netns del $two' EXIT
ip link set lo up
# As on a node whose firewall is on: bridged packets are handed to iptables.
sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true
ip link add vmbr0 type bridge
ip link set vmbr0 up
ip addr add 10.9.0.1/24 dev vmbr0
at=2
for guest in $one $two; do
  ip netns add $guest
  ip link add tap$at type veth peer name eth0 netns $guest
  ip link set tap$at master vmbr0 up
  ip -n $guest addr add 10.9.0.$at/24 dev eth0
  ip -n $guest link set eth0 up
  at=$((at + 1))
done
reaches() {
  ip netns exec $one python3 -c '
import socket, sys
try: socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2)
except ConnectionRefusedError: print("yes")
except OSError: print("no")
' "$@"
}
tell() { echo "$1: guest $(reaches 10.9.0.3 80), node $(reaches 10.9.0.1 80), its open port $(reaches 10.9.0.1 22)"; }
during() {
  name=$1; shift
  mark=$(mktemp -u)
  env BROWNOUT_API_PORT=22 BROWNOUT_IN_EFFECT=$mark "$@" sh -c "$RULES" packets TEST 60 all to &
  for i in $(seq 100); do [ -e $mark ] && break; sleep 0.1; done
  rm $mark
  tell "$name"
  kill -TERM $!
  wait $! || true
}
tell before
during own BROWNOUT_OWN_TRAFFIC=1
during all BROWNOUT_OWN_TRAFFIC=
tell after
iptables-save | grep -c TEST || true
`;

test('the rules of a partition: on a bridge, and gone afterwards', { skip, timeout: 300_000 }, async () => {
  const { stdout } = await execa('unshare', ['-n', '-m', 'bash', '-c', BED], { env: { RULES: PACKETS } });
  const [before, own, all, after, left] = stdout.split('\n');
  assert.equal(before, 'before: guest yes, node yes, its open port yes');
  assert.equal(own, 'own: guest yes, node no, its open port yes');
  // Whether guests are cut off with it is the kernel's business, where it is not the node's own traffic alone.
  assert.match(all!, /node no, its open port yes/);
  assert.equal(after, before!.replace('before', 'after'));
  assert.equal(left, '0');
});
