import { quote } from '../processes/program.ts';
import type { Hierarchies } from './cgroup.ts';
import { STOP_OWN_DISK } from './disk.ts';

/** A program that a machine runs from power-on to power-off, and restarts when it ends. */
export interface Service {
  name: string;
  argv: string[];
}

/** A folder of this computer that the machine sees at the same path or another. */
export interface Mount {
  from: string;
  to: string;
  readonly: boolean;
}

/** What a machine needs to start. All of it is known before power-on, so one script can do it all. */
export interface Boot {
  name: string;
  /** Folder on this computer that is the machine's root, except for what is mounted below. */
  disk: string;
  /** The file with the file system that is mounted there; undefined: the folder itself is the disk. */
  image: string | undefined;
  /** Folder on this computer for what the services say: a log server of its own, which outlives what the disk forgets. */
  log: string;
  /** Its address and prefix length, `10.77.0.11/24`; undefined for a machine without a cable. */
  address: string | undefined;
  mounts: Mount[];
  /** Commands that run once, in this order, before the services start. */
  prepare: string[][];
  services: Service[];
  cgroups: Hierarchies;
}

const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * In the machine: who writes `off`, `reboot` or `reset` there and then kills whatever runs ends the machine. A reset forgets what is not on
 * the disk, as a power cut does; the others come after a shutdown in good order.
 */
export const POWER_BUTTON = '/run/power';
/** Process 1 ends with this status when the machine is to boot again. */
export const RESET_STATUS = 75;

/**
 * The script that is process 1 of a machine. It runs in fresh mount, UTS, IPC, PID, network and cgroup namespaces, whose
 * mount namespace still shows this computer's files; it builds the machine's own view, moves into it and then only
 * keeps the services running.
 *
 * The programs are this computer's (`/usr`, read-only); `/etc` is an overlay on this computer's; everything else is the machine's own.
 */
export function bootScript(boot: Boot): string {
  return `#!/bin/bash
# Process 1 of the lab's machine ${boot.name}. Written anew at every power-on.
set -euo pipefail
export PATH=${PATH} HOME=/root LANG=C.UTF-8
disk=${quote(boot.disk)}

# --- its disk
mkdir -p "$disk"
${boot.image === undefined ? 'mount --bind "$disk" "$disk"' : mountImage(boot.image)}
mkdir -p "$disk"/{usr,etc,dev,proc,sys,run,tmp,root,home,srv,mnt,var/{lib,log,cache,tmp},.etc/{upper,work},.host}
chmod 1777 "$disk"/tmp "$disk"/var/tmp
ln -sfn /run "$disk/var/run"
mount --bind ${quote(boot.log)} "$disk/var/log"
mount --bind /usr "$disk/usr" && mount -o remount,bind,ro "$disk/usr"
for each in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$each" ]; then
    ln -sfn "$(readlink "/$each")" "$disk/$each"
  elif [ -d "/$each" ]; then
    mkdir -p "$disk/$each" && mount --bind "/$each" "$disk/$each" && mount -o remount,bind,ro "$disk/$each"
  fi
done
mount -t overlay -o "lowerdir=/etc,upperdir=$disk/.etc/upper,workdir=$disk/.etc/work" etc "$disk/etc"
${boot.mounts.map(mountLines).join('\n')}

# --- its kernel's files
mount -t proc proc "$disk/proc"
mount -t sysfs sysfs "$disk/sys"
mount -t tmpfs -o mode=755 run "$disk/run"
mount -t tmpfs -o mode=755 dev "$disk/dev"
device() { mknod -m 666 "$disk/dev/$1" c "$2" "$3"; }
device null 1 3; device zero 1 5; device full 1 7; device random 1 8; device urandom 1 9; device tty 5 0; device kmsg 1 11
mkdir "$disk"/dev/{pts,shm,mqueue}
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$disk/dev/pts"
mount -t tmpfs -o mode=1777 shm "$disk/dev/shm"
mount -t mqueue mqueue "$disk/dev/mqueue"
ln -s pts/ptmx "$disk/dev/ptmx"
ln -s /proc/self/fd "$disk/dev/fd"
ln -s fd/0 "$disk/dev/stdin"; ln -s fd/1 "$disk/dev/stdout"; ln -s fd/2 "$disk/dev/stderr"

pivot_root "$disk" "$disk/.host"
cd /
hash -r
umount -l /.host
mount --make-rshared /

${cgroupLines(boot.cgroups)}

# dockerd and kubelet raise these limits, which the whole computer shares: the machine gets ordinary files in their place.
mkdir /run/kernel
for each in /proc/sys/kernel/keys/root_maxkeys /proc/sys/kernel/keys/root_maxbytes; do
  [ -e "$each" ] || continue
  echo 25000000 > "/run/kernel/\${each##*/}"
  mount --bind "/run/kernel/\${each##*/}" "$each"
done

# --- who it is
hostname ${boot.name}
echo ${boot.name} > /etc/hostname
printf '127.0.0.1 localhost\\n${boot.address ? `${bare(boot.address)} ${boot.name}\\n` : ''}' > /etc/hosts
[ -s /.machine-id ] || tr -d - < /proc/sys/kernel/random/uuid > /.machine-id
cp /.machine-id /etc/machine-id
rm -f /etc/resolv.conf
printf '${boot.address ? `nameserver ${bare(boot.address)}\\n` : ''}' > /etc/resolv.conf

# --- its network
ip link set lo up
${boot.address ? addressLines(boot.address) : ''}
# A half-open connection to a dead container is forgotten after 3 s. With the kernel's 120 s, reused client ports would fail for
# minutes after a member has moved: that would be a second fault beside every fault that is injected.
modprobe --quiet nf_conntrack 2>/dev/null || true
for each in syn_sent syn_recv; do
  knob=/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_$each
  [ ! -w "$knob" ] || echo 3 > "$knob"
done

${boot.prepare.map((argv) => argv.map(quote).join(' ')).join('\n')}

# --- its services
set +e
keep() {
  local name=$1 log=/var/log/$1.log
  shift
  while :; do
    "$@" >> "$log" 2>&1 < /dev/null
    echo "--- $name ended with status $? at $(date +%T.%3N), starting it again" >> "$log"
    sleep 0.5
  done
}
${[...(boot.address ? [nameService(bare(boot.address))] : []), ...boot.services].map(({ name, argv }) => `keep ${[name, ...argv].map(quote).join(' ')} &`).join('\n')}
touch /run/booted
# The shell itself reaps adopted orphans; the services never end, so this waits until the power is cut, or the power button is pushed.
while :; do
  wait -n || sleep 0.2
  [ ! -s ${POWER_BUTTON} ] || break
done
# With process 1 the kernel ends whatever is left.
read -r button < ${POWER_BUTTON}
${boot.image === undefined ? '' : `[ "$button" != reset ] || ${STOP_OWN_DISK}`}
[ "$button" = off ] || exit ${RESET_STATUS}
exit 0
`;
}

function mountImage(image: string): string {
  return `image=${quote(image)}
# A container's /dev may lack devices that the kernel has made since.
mount -t devtmpfs dev /dev 2> /dev/null || true
# Mounted twice at once it would be ruined: the kernel may still be tearing down what this machine was before.
for _ in {1..500}; do [ -n "$(losetup --associated "$image")" ] || break; sleep 0.1; done
[ -z "$(losetup --associated "$image")" ] || { echo "its disk $image is still mounted elsewhere"; exit 1; }
# After I/O errors it is put right as when a Debian boots; after a mere power cut the kernel reads its journal.
dumpe2fs -h "$image" 2> /dev/null | grep -q '^Filesystem state: *clean$' || e2fsck -p "$image" || [ $? -lt 4 ]
# No barriers: they would make this computer's disk write out what is safe in its memory, since it does not lose its power.
mount -o loop,errors=remount-ro,nobarrier "$image" "$disk"`;
}

function mountLines({ from, to, readonly }: Mount): string {
  const target = `"$disk"${quote(to)}`;
  const lines = [`mkdir -p ${target}`, `mount --bind ${quote(from)} ${target}`];
  if (readonly) lines.push(`mount -o remount,bind,ro ${target}`);
  return lines.join('\n');
}

function cgroupLines({ version, trees }: Hierarchies): string {
  if (version === 2) {
    return `# A group that hands controllers down may have no processes of its own: process 1 goes to a leaf.
mount -t cgroup2 cgroup /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/init
echo 0 > /sys/fs/cgroup/init/cgroup.procs
hand_down() { for each in $(cat /sys/fs/cgroup/cgroup.controllers); do echo "+$each" > /sys/fs/cgroup/cgroup.subtree_control || return 1; done; }
# The shell that started process 1 may take a moment to leave the group.
for _ in {1..100}; do ! hand_down 2> /dev/null || break; sleep 0.02; done
hand_down`;
  }
  const lines = ['mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup'];
  for (const { controllers } of trees) {
    const named = controllers.find((each) => each.startsWith('name='));
    const folder = `/sys/fs/cgroup/${named ? named.slice('name='.length) : controllers.join(',')}`;
    lines.push(
      `mkdir ${folder}`,
      `mount -t cgroup -o ${named ? `none,${named}` : controllers.join(',')} cgroup ${folder}`,
    );
    if (!named && controllers.length > 1) {
      for (const each of controllers) lines.push(`ln -s ${controllers.join(',')} /sys/fs/cgroup/${each}`);
    }
  }
  return lines.join('\n');
}

/**
 * A name server that answers every query with "no such name". Without one, Docker's own DNS drops the queries that it cannot
 * answer, and a lookup of a service that has no member at the moment hangs for 20 s instead of failing, unlike in a real
 * network. In Perl, because every Debian has it.
 */
function nameService(address: string): Service {
  const script = `use Socket;
socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die $!;
bind($socket, sockaddr_in(53, inet_aton($ARGV[0]))) or die $!;
while (1) {
  my $from = recv($socket, my $query, 4096, 0);
  next if !defined $from || length($query) < 17;
  my $name = substr($query, 12, index($query, "\\0", 12) - 12);
  my $type = substr($query, 12 + length($name) + 1, 4);
  send($socket, pack("n6", unpack("n", $query), 0x8183, 1, 0, 0, 0) . $name . "\\0" . $type, 0, $from);
}`;
  return { name: 'names', argv: ['perl', '-e', script, address] };
}

function bare(address: string): string {
  return address.split('/')[0]!;
}

function addressLines(address: string): string {
  return `for _ in {1..500}; do [ ! -e /sys/class/net/eth0 ] || break; sleep 0.02; done
ip address add ${address} dev eth0
ip link set eth0 up`;
}
