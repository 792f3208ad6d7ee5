export const noiseKinds = ['cpu', 'memory', 'pids', 'disk', 'flood'] as const;
export type NoiseKind = (typeof noiseKinds)[number];

/** Where a noise tells how it is getting on, as JSON: `Work` in `live.ts`. */
export const PROGRESS_FILE = '/tmp/noise';

/** How much the noise of memory takes unless another size is said, in bytes. */
export const MEMORY = 2 ** 30;

/** How many requests a second the noise of a flood sends. */
export const FLOOD = 1000;

/**
 * The noise itself, in Python's standard library. Arguments: kind; for `flood` and `knock` the target's host and port; for
 * `memory` the bytes. Bounded on purpose: it is a greedy neighbour, not the end of the machine. `knock` is no noise: it asks
 * twice a second, to see whether the target can be reached.
 *
 * The work is done by child processes: when one is killed (out of memory) the next takes its place, as with a service
 * that is restarted, and the parent can go on reporting.
 */
export const STRESS = `
import asyncio, json, os, signal, sys, threading, time

KIND, TARGET = sys.argv[1], sys.argv[2:]
CPU_PROCESSES = 2 * (os.cpu_count() or 1)
MEMORY = int(TARGET[0]) if KIND == 'memory' else 0
THREADS = 2000
FILE = 256 * 2**20
CONNECTIONS = 100
RATE = ${FLOOD}
BLOCK = 2**20

def tell(count, text, **numbers):
    with open('${PROGRESS_FILE}.new', 'w') as file:
        json.dump(dict(count=count, text=text, **numbers), file)
    os.replace('${PROGRESS_FILE}.new', '${PROGRESS_FILE}')

def child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(1)
    return pid

def cpu():
    def burn():
        while True:
            pass
    pids = [child(burn) for _ in range(CPU_PROCESSES)]
    ticks = os.sysconf('SC_CLK_TCK')
    while True:
        time.sleep(0.5)
        spent = 0
        for pid in pids:
            with open('/proc/%d/stat' % pid) as file:
                spent += sum(int(field) for field in file.read().rsplit(')', 1)[1].split()[11:13])
        tell(spent, '%d processes, %.1f CPU seconds' % (len(pids), spent / ticks))

def memory():
    reader, writer = os.pipe()
    def hoard():
        held = []
        while True:
            if len(held) * BLOCK < MEMORY:
                block = bytearray(os.urandom(4096) * (BLOCK // 4096))
                held.append(block)
            else:
                for block in held:
                    block[::4096] = os.urandom(BLOCK // 4096)
                time.sleep(0.05)
            os.write(writer, b'.')
    count, deaths = 0, 0
    pid = child(hoard)
    told = time.monotonic()
    os.set_blocking(reader, False)
    while True:
        time.sleep(0.05)
        try:
            count += len(os.read(reader, 65536))
        except BlockingIOError:
            pass
        gone, _ = os.waitpid(pid, os.WNOHANG)
        if gone:
            deaths += 1
            pid = child(hoard)
        if time.monotonic() - told > 0.5:
            told = time.monotonic()
            tell(count + deaths, 'up to %d MiB, killed %d times' % (MEMORY // 2**20, deaths))

def pids():
    threading.stack_size(65536)
    release = threading.Semaphore(0)
    alive, refused, count, most = 0, 0, 0, 0
    while True:
        try:
            while alive < THREADS:
                threading.Thread(target=release.acquire, daemon=True).start()
                alive += 1
                count += 1
        except RuntimeError:
            refused += 1
        most = max(most, alive)
        # A few are let go and taken again: the pressure stays, and there is room to be asked about it.
        spare = min(8, alive)
        for _ in range(spare):
            release.release()
        alive -= spare
        tell(count, 'up to %d threads, refused %d times' % (most, refused))
        time.sleep(0.5)

def disk():
    block, written = os.urandom(BLOCK), 0
    with open('/var/tmp/noise.data', 'wb', buffering=0) as file:
        while True:
            file.seek(written * BLOCK % FILE)
            file.write(block)
            written += 1
            if written % 4 == 0:
                os.fsync(file.fileno())
                tell(written, '%d MiB written and flushed' % written)

def knock():
    flood(connections=1, rate=2)

def flood(connections=CONNECTIONS, rate=RATE):
    host, port = TARGET[0], int(TARGET[1])
    state = {'ok': 0, 'failed': 0}
    request = ('GET / HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n' % host).encode()
    async def one():
        try:
            async with asyncio.timeout(min(5, 2 * connections)):
                reader, writer = await asyncio.open_connection(host, port)
                try:
                    writer.write(request)
                    await writer.drain()
                    ok = bool(await reader.read(1))
                finally:
                    writer.close()
            state['ok' if ok else 'failed'] += 1
        except (OSError, TimeoutError):
            state['failed'] += 1
    async def worker():
        while True:
            began = time.monotonic()
            await one()
            await asyncio.sleep(max(0.0, connections / rate - (time.monotonic() - began)))
    async def main():
        workers = [asyncio.create_task(worker()) for _ in range(connections)]
        while True:
            await asyncio.sleep(0.5)
            tell(state['ok'] + state['failed'], '%(ok)d requests answered, %(failed)d not' % state, answered=state['ok'], unanswered=state['failed'])
    asyncio.run(main())

{'cpu': cpu, 'memory': memory, 'pids': pids, 'disk': disk, 'flood': flood, 'knock': knock}[KIND]()
`;
