/** Exit code of the script below: nothing of that name is on the node. */
export const NOT_THERE = 3;
/** Between the word to go and its effect. */
export const HEAD_START_S = 1;

/**
 * Stops a program of a node, in a node agent there, and starts it again after so many seconds, or when it is told to end, or when
 * its pod is gone from the API. The last is what counts: a node whose kubelet or container runtime does not work cannot be
 * told anything, but the node agent can ask. It needs no right for that: its token is refused once its pod is gone.
 *
 * Arguments: `hold` PROGRAM HOW SECONDS waits for the word to go; `go` PROGRAM HOW SECONDS HEALTH
 * gives it, when there is something to stop, and notes down (`/tmp/silent`) when nobody answers at HEALTH even now;
 * `left` PROGRAM HOW exits with 0 as long as a process of it is there, frozen or not, and with 1 when none is.
 *
 * kubelet and the runtime are the node's own processes, and the control plane is on the node's own network: those of the same name in
 * a container (Docker in Docker) or in a pod of somebody else (a database's etcd) are not meant.
 *
 * HOW is `frozen`: every process of that name is stopped (SIGSTOP), those that a supervisor starts in its place too. Nothing
 * of that outlives the node's power. Or `gone`: the manifest of a static pod is moved out of kubelet's folder and kubelet ends
 * it. Should the node lose its power meanwhile, the manifest stays where it was moved: beside the folder, as brownout-FILE.
 */
export const STOP = `
import os, re, signal, ssl, sys, threading, time, urllib.error, urllib.request

ORDER, PROGRAM, HOW = sys.argv[1:4]
GO = '/tmp/go'
# The answer to whoever said go must be on its way before what carries it is stopped.
HEAD_START = ${HEAD_START_S}
ROUND = 0.2
ASK_EVERY = 2
HOST = '/proc/1/root'
ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
NAMES = {'kubelet': ['kubelet'], 'runtime': ['containerd', 'crio', 'dockerd']}.get(PROGRAM, [PROGRAM])

def command(pid):
    try:
        with open('/proc/%s/cmdline' % pid, 'rb') as file:
            return file.read().decode(errors='replace').split('\\0')
    except OSError:
        return ['']

SHARED = 'pid' if PROGRAM in ('kubelet', 'runtime') else 'net'

def is_nodes_own(pid):
    try:
        return os.readlink('/proc/%s/ns/%s' % (pid, SHARED)) == os.readlink('/proc/1/ns/%s' % SHARED)
    except OSError:
        return False

def pids(names):
    found = [pid for pid in os.listdir('/proc') if pid.isdigit() and os.path.basename(command(pid)[0]) in names]
    return [int(pid) for pid in found if is_nodes_own(pid)]

def send(number, sent):
    try:
        os.kill(number, sent)
    except ProcessLookupError:
        pass

def folder():
    for pid in pids(['kubelet']):
        words = re.sub(r'=', ' ', ' '.join(command(pid))).split()
        if '--pod-manifest-path' in words:
            return HOST + words[words.index('--pod-manifest-path') + 1]
        if '--config' in words:
            with open(HOST + words[words.index('--config') + 1]) as file:
                found = re.search(r'"?staticPodPath"?:\\s*"?([^",\\s]+)', file.read())
            if found:
                return HOST + found[1]
    return HOST + '/etc/kubernetes/manifests'

def manifest():
    path = folder()
    for name in sorted(os.listdir(path)):
        with open(os.path.join(path, name), errors='replace') as file:
            if re.search(r'"?component"?:\\s*"?%s"?[\\s,}]' % re.escape(PROGRAM), file.read()):
                return os.path.join(path, name)

def aside(path):
    return os.path.join(os.path.dirname(os.path.dirname(path)), 'brownout-' + os.path.basename(path))

class Frozen:
    def find(self):
        return pids(NAMES)
    def stop(self):
        for pid in pids(NAMES):
            send(pid, signal.SIGSTOP)
    def restore(self):
        for pid in pids(NAMES):
            send(pid, signal.SIGCONT)

class Gone:
    moved = None
    def find(self):
        return manifest()
    def stop(self):
        if self.moved:
            return
        path = manifest()
        if path:
            self.moved = path
            os.rename(path, aside(path))
    def restore(self):
        if self.moved and os.path.exists(aside(self.moved)):
            os.rename(aside(self.moved), self.moved)

def answers(url):
    try:
        urllib.request.urlopen(url, timeout=2, context=ssl._create_unverified_context()).close()
    except urllib.error.HTTPError:
        pass
    except OSError:
        return False
    return True

def dismissed():
    try:
        with open(ACCOUNT + '/token') as file:
            token = file.read()
        host, port = os.environ['KUBERNETES_SERVICE_HOST'], os.environ['KUBERNETES_SERVICE_PORT']
        url = 'https://%s:%s/api' % ('[%s]' % host if ':' in host else host, port)
        asked = urllib.request.Request(url, headers={'Authorization': 'Bearer ' + token})
        trust = ssl.create_default_context(cafile=ACCOUNT + '/ca.crt')
        urllib.request.urlopen(asked, timeout=2, context=trust).close()
    except urllib.error.HTTPError as error:
        return error.code == 401
    except (OSError, KeyError):
        # Nobody who could say so: the timer decides.
        pass
    return False

if ORDER == 'left':
    sys.exit(0 if pids(NAMES) else 1)

way = {'frozen': Frozen, 'gone': Gone}[HOW]()

if ORDER == 'go':
    if os.path.exists(GO):
        sys.exit(0)
    if not way.find():
        print('no %s here' % PROGRAM, file=sys.stderr)
        sys.exit(${NOT_THERE})
    if sys.argv[5] and not answers(sys.argv[5]):
        open('/tmp/silent', 'w').close()
    open(GO, 'w').close()
    sys.exit(0)

done = threading.Event()
for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(each, lambda *_: done.set())

def ask():
    while not done.wait(ASK_EVERY):
        if dismissed():
            done.set()

while not os.path.exists(GO) and not done.wait(0.05):
    pass
done.wait(HEAD_START)
threading.Thread(target=ask, daemon=True).start()
end = time.monotonic() + float(sys.argv[4])
try:
    while time.monotonic() < end and not done.is_set():
        way.stop()
        done.wait(min(ROUND, max(0, end - time.monotonic())))
finally:
    way.restore()
`;
