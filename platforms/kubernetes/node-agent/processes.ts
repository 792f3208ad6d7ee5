/** What node agents do to a member's container, as its node sees it: its processes and their control group. */

/** Finds the container `$id`: `$main`, its first process, and `$all`, all of them. What Kubernetes calls a container's ID is in
 * the name of its control group, whatever the runtime. */
const FIND = `
set -u
all=
for pid in $(grep -l -- "$id" /proc/[0-9]*/cgroup 2>/dev/null | cut -d/ -f3); do
  # CRI-O keeps the container's monitor in a group that has the container's name, too.
  grep -q -- crio-conmon- "/proc/$pid/cgroup" 2>/dev/null || all="$all $pid"
done
all=$(printf '%s\\n' $all)
main= least=
for pid in $all; do
  parent=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status" 2>/dev/null) || continue
  echo "$all" | grep -qx -- "$parent" && continue
  # What was executed in it later has a parent outside too, and a higher number inside.
  inner=$(awk '/^NSpid:/ { print $NF }' "/proc/$pid/status")
  if [ -z "$least" ] || [ "$inner" -lt "$least" ]; then least=$inner main=$pid; fi
done
`;

/** Waits; the work is done by commands that are executed in it. */
export const IDLE = ['sh', '-c', 'trap "exit 0" TERM; sleep 86400 & wait'];

/** Exit code of the commands below: there is no such container on the node (any more). */
export const NO_CONTAINER = 3;

/** Sends `$signal` to a container's first process. */
export function killScript(container: string, signal: string): string[] {
  const script = `id=$1 signal=$2
${FIND}
[ -n "$main" ] || exit ${NO_CONTAINER}
kill -s "$signal" "$main"`;
  return ['sh', '-c', script, 'kill', container, signal.replace(/^SIG/, '')];
}

/**
 * Freezes a container, as \`docker pause\` does, and lets it run again after \`seconds\`, or when it is told to end. Both versions
 * of control groups; the names are seen as the node itself sees them.
 */
export function freezeScript(container: string, seconds: number): string[] {
  const script = `id=$1 seconds=$2
${FIND}
[ -n "$main" ] || exit ${NO_CONTAINER}
groups=$(nsenter --target 1 --cgroup cat "/proc/$main/cgroup")
path=$(echo "$groups" | sed -n 's/^[0-9]*:freezer://p')
if [ -n "$path" ]; then
  folder=/proc/1/root/sys/fs/cgroup/freezer file=freezer.state freeze=FROZEN thaw=THAWED
else
  path=$(echo "$groups" | sed -n 's/^0:://p')
  folder=/proc/1/root/sys/fs/cgroup file=cgroup.freeze freeze=1 thaw=0
fi
# A container may have made groups of its own below.
file="$folder$(echo "$path" | sed "s|\\(.*$id[^/]*\\).*|\\1|")/$file"
[ -w "$file" ] || { echo "no freezer at $file" >&2; exit 4; }
echo "$file" > /tmp/freezer
thawed() { trap - EXIT; echo "$thaw" > "$file" 2>/dev/null || true; exit 0; }
trap thawed EXIT TERM INT HUP
echo "$freeze" > "$file"
sleep "$seconds" &
wait $!`;
  return ['sh', '-c', script, 'freeze', container, String(seconds)];
}

/** Exits with 0 when what this node agent froze is frozen now, 1 when it runs, ${NO_CONTAINER} when it is gone. */
export const IS_FROZEN = [
  'sh',
  '-c',
  `file=$(cat /tmp/freezer 2>/dev/null) && [ -e "$file" ] || exit ${NO_CONTAINER}; grep -qx -e FROZEN -e 1 "$file"`,
];
