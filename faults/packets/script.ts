/**
 * Runs on the node, in the node's own network. Arguments: the chain's name; for how many seconds; a list of addresses, or `all`;
 * `to` (what goes to and comes from these) or `not` (connections that others than these open). The rest is what iptables shall
 * match before it drops a packet, `@` in it standing for the name of the table.
 *
 * `raw PREROUTING` sees all that comes in, also what is then forwarded to containers; `mangle POSTROUTING` all that goes out,
 * forwarded or the node's own (VXLAN among it). With BROWNOUT_OWN_TRAFFIC it is the node's own alone, in `mangle INPUT` and `raw OUTPUT`:
 * what its guests send passes over a bridge, which some nodes hand to iptables, and some do not. Networks that the node reaches by way of an address in the list are meant with
 * it: pods have addresses of their own. Traffic between the containers of this very node stays, and so does the port by which
 * the suite reaches the node.
 *
 * Once its rules are in effect it makes the file BROWNOUT_IN_EFFECT: until then the fault has not come.
 *
 * It opens the node again at its end and when it is told to end; should it be killed outright, the rules themselves end by the
 * kernel's clock, where the kernel can (xt_time).
 */
export const PACKETS = `
set -eu
chain=$1 seconds=$2 list=$3 way=$4
shift 4
families=iptables
[ -e /proc/net/if_inet6 ] && families="iptables ip6tables"
devices="lo docker0 docker_gwbridge br-+ veth+ cni+ cali+ lxc+ eni+ gke+ azv+"
# Inside a tunnel a packet has been judged already, or will be: as what the tunnel is made of.
tunnels="flannel+ vxlan+ tunl+ cilium+ wg+"
if [ -n "\${BROWNOUT_OWN_TRAFFIC:-}" ]; then raw=OUTPUT mangle=INPUT; else raw=PREROUTING mangle=POSTROUTING; fi
[ "$way" = not ] && [ $mangle = POSTROUTING ] && mangle=PREROUTING
[ "$way" = not ] && tables=mangle || tables="raw mangle"

hook() { case $1 in raw) echo $raw;; mangle) echo $mangle;; esac; }

networks() {
  [ "$list" = all ] && return
  for address in $(echo "$list" | tr , ' '); do
    echo "$address"
    ip route show via "$address" 2>/dev/null | cut -d' ' -f1 | grep -v default || true
    ip -6 route show via "$address" 2>/dev/null | cut -d' ' -f1 | grep -v default || true
  done
}

# Addresses of the family of the iptables at hand.
of_family() { case $1 in iptables) grep -v : || true;; *) grep : || true;; esac; }

open() {
  for table in raw mangle; do
    for at in PREROUTING POSTROUTING INPUT OUTPUT; do
      while "$ip" -w 5 -t $table -D $at -j $chain 2>/dev/null; do :; done
    done
    "$ip" -w 5 -t $table -F $chain 2>/dev/null || true
    "$ip" -w 5 -t $table -X $chain 2>/dev/null || true
  done
}

drop() {
  "$ip" -w 5 -t $table -A $chain "$@" -m time --datestop "$until" -j DROP 2>/dev/null || "$ip" -w 5 -t $table -A $chain "$@" -j DROP
}

build() {
  for table in $tables; do
    "$ip" -w 5 -t $table -N $chain
    case $(hook $table) in PREROUTING|INPUT) device=-i port=--dport peer=-s;; *) device=-o port=--sport peer=-d;; esac
    for each in $devices $tunnels; do "$ip" -w 5 -t $table -A $chain $device $each -j RETURN; done
    # Without its neighbours' discovery IPv6 reaches nobody at all, not even by the port below.
    [ "$ip" = iptables ] || for type in 133 134 135 136 137; do "$ip" -w 5 -t $table -A $chain -p icmpv6 --icmpv6-type $type -j RETURN; done
    "$ip" -w 5 -t $table -A $chain -p tcp $port "$BROWNOUT_API_PORT" -j RETURN
    match=$(echo "$*" | sed "s/@/$table/g")
    nets=$(networks | of_family "$ip")
    if [ "$list" = all ]; then
      drop $match
    elif [ "$way" = not ]; then
      for net in $nets; do "$ip" -w 5 -t $table -A $chain -s $net -j RETURN; done
      drop -m conntrack --ctdir ORIGINAL $match
    else
      for net in $nets; do drop $peer $net $match; done
    fi
  done
}

close() { for table in $tables; do "$ip" -w 5 -t $table -I "$(hook $table)" -j $chain; done; }

# Exit code 1 says that there is no such chain; another that nobody knows: somebody else holds the lock.
gone() {
  for table in raw mangle; do
    "$ip" -w 5 -t $table -S $chain >/dev/null 2>&1
    [ $? = 1 ] || return 1
  done
}

heal() {
  trap - EXIT
  set +e
  for ip in $families; do
    for try in 1 2 3 4 5; do
      open
      gone && break
    done
  done
}

trap 'heal; exit 0' EXIT TERM INT HUP
# What a killed predecessor may have left.
for ip in $families; do open; done
until=$(date -u -d "@$(($(date +%s) + seconds))" +%Y-%m-%dT%H:%M:%S)
for ip in $families; do build "$@"; done
for ip in $families; do close; done
[ -z "\${BROWNOUT_IN_EFFECT:-}" ] || : > "$BROWNOUT_IN_EFFECT"
sleep "$seconds" &
wait $!
`;

/** Packets that the rules of a chain have dropped so far: the kernel's own count. */
export const DROPPED = `
for ip in iptables ip6tables; do
  for table in raw mangle; do "$ip" -w 5 -t $table -L "$1" -v -x -n 2>/dev/null | awk '$3 == "DROP" { sum += $1 } END { print sum + 0 }'; done
done | awk '{ sum += $1 } END { print sum + 0 }'
`;
