/** The guests of one machine: real QEMU processes, each in a session of its own, asked by their monitors and agents. */
import { mkdir } from 'node:fs/promises';
import { poll } from '../../../units/until.ts';
import { run } from '../../command.ts';
import { type GuestConfig, type GuestState, type Hypervisor, type Log, STOPPED, type Storage } from '../node/parts.ts';
import { commandLine, tapName } from './command-line.ts';
import { coresOf, drivesOf, memoryOf, netsOf } from './config.ts';
import { limitLink, limitProcessors, removeLimits, throttles } from './limits.ts';
import { migrateTo } from './migration.ts';
import { agent, monitor, Silent } from './monitor.ts';
import { agentSocket, argumentOf, guestProcesses, monitorSocket, RUN, residentMemory, uptimeOf } from './processes.ts';
import { acceleratorOf, bootOf } from './storage.ts';

/** Where the memory of a live migration goes to: the same of another machine. */
export type Receiver = Pick<Hypervisor, 'receive' | 'resume' | 'stop'>;

export interface Surroundings {
  storage: Storage;
  /** The bridge that guests are plugged into. */
  bridge: string;
  /** Of this machine, where other machines reach it. */
  address: string;
  receiver(node: string): Receiver;
}

/** How long a guest's agent may be silent before it is said not to run, ms: as Proxmox VE's. */
const AGENT_PATIENCE_MS = 3000;
/** How long a command to the agent may take, ms. */
const AGENT_TIMEOUT_MS = 10_000;
/** How long QEMU may take to end when told to, and the kernel to take back what it had, ms. */
const END_MS = 10_000;
/** A process that waits for a migration that never comes is ended after this, ms. */
const WAITING_MS = 120_000;
/** These end without an answer. */
const UNANSWERED = new Set(['guest-shutdown', 'guest-suspend-disk', 'guest-suspend-ram', 'guest-suspend-hybrid']);

export class QemuHypervisor implements Hypervisor {
  readonly #around: Surroundings;
  /** One at a time talks to a guest: the sockets have one end each. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  running(): number[] {
    return [...guestProcesses().keys()].sort((a, b) => a - b);
  }

  async state(vmid: number): Promise<GuestState> {
    const pid = guestProcesses().get(vmid);
    if (pid === undefined) return STOPPED;
    const status = await this.#monitor(vmid, ['query-status']).catch(() => undefined);
    return {
      status: 'running',
      // Whether a guest whose monitor does not answer runs is not known; its process does.
      qmpstatus: (status as { status: string } | undefined)?.status ?? 'unknown',
      pid,
      uptime: Math.floor(uptimeOf(pid)),
      cpus: Number(argumentOf(pid, '-smp') ?? 1),
      mem: residentMemory(pid),
      maxmem: Number.parseInt(argumentOf(pid, '-m') ?? '0', 10) * 2 ** 20,
    };
  }

  async start(vmid: number, config: GuestConfig, log: Log): Promise<void> {
    const { storage } = this.#around;
    if (drivesOf(config).some(({ file }) => /cloudinit/.test(file))) {
      log('generating cloud-init ISO');
      await storage.cloudInit(vmid, config);
    }
    await this.#launch(vmid, config, log);
  }

  async stop(vmid: number, _log: Log): Promise<void> {
    const pid = guestProcesses().get(vmid);
    if (pid === undefined) return;
    // Whoever does not end by himself in a moment is ended.
    await this.#monitor(vmid, ['quit'], 1000).catch(() => {});
    if (!(await gone(vmid, pid, 1000))) {
      kill(pid);
      if (!(await gone(vmid, pid, END_MS))) throw new Error(`VM ${vmid}: process ${pid} does not end`);
    }
    await removeLimits(vmid);
  }

  async shutdown(vmid: number, timeout: number, _log: Log): Promise<void> {
    const pid = guestProcesses().get(vmid);
    if (pid === undefined) return;
    await this.#monitor(vmid, ['system_powerdown']);
    if (!(await gone(vmid, pid, timeout * 1000))) throw new Error('VM quit/powerdown failed - got timeout');
    await removeLimits(vmid);
  }

  async reset(vmid: number): Promise<void> {
    this.#mustRun(vmid);
    await this.#monitor(vmid, ['system_reset']);
  }

  async suspend(vmid: number): Promise<void> {
    this.#mustRun(vmid);
    await this.#monitor(vmid, ['stop']);
  }

  async resume(vmid: number): Promise<void> {
    this.#mustRun(vmid);
    await this.#monitor(vmid, ['cont']);
  }

  async receive(vmid: number, config: GuestConfig, log: Log): Promise<{ host: string; port: number }> {
    const { address } = this.#around;
    await this.#launch(vmid, config, log, ['-incoming', `tcp:${address}:0`]);
    const told = (await this.#monitor(vmid, ['query-migrate'])) as { 'socket-address'?: { port: string }[] };
    const port = Number(told['socket-address']?.[0]?.port);
    const pid = guestProcesses().get(vmid);
    setTimeout(() => void this.#giveUp(vmid, pid), WAITING_MS).unref();
    return { host: address, port };
  }

  async migrate(vmid: number, config: GuestConfig, target: string, log: Log): Promise<void> {
    this.#mustRun(vmid);
    const receiver = this.#around.receiver(target);
    log(`starting VM ${vmid} on remote node '${target}'`);
    const destination = await receiver.receive(vmid, config, log);
    const isEmulated = acceleratorOf(this.#around.storage.folder) === 'tcg';
    const held = isEmulated ? { resume: () => receiver.resume(vmid) } : undefined;
    try {
      await migrateTo(destination, (...command) => this.#monitor(vmid, command), log, held);
    } catch (error) {
      // It may have ended by itself when the connection broke.
      await receiver.stop(vmid, log).catch(() => {});
      throw error;
    }
    await this.stop(vmid, log);
  }

  async apply(vmid: number, before: GuestConfig, after: GuestConfig): Promise<void> {
    const pid = this.#mustRun(vmid);
    for (const net of netsOf(after)) {
      const old = netsOf(before).find(({ key }) => key === net.key);
      if (!old) continue;
      if (old.linkDown !== net.linkDown) await this.#monitor(vmid, ['set_link', { name: net.key, up: !net.linkDown }]);
      if (old.options.rate !== net.options.rate) await limitLink(tapName(vmid, net.key), net);
    }
    for (const drive of drivesOf(after)) {
      const old = drivesOf(before).find(({ key }) => key === drive.key);
      if (!old || drive.file === 'none' || JSON.stringify(throttles(old)) === JSON.stringify(throttles(drive)))
        continue;
      await this.#monitor(vmid, ['block_set_io_throttle', throttles(drive)]);
    }
    if (before.cpulimit !== after.cpulimit) await limitProcessors(vmid, pid, after);
  }

  async agent(vmid: number, command: string, args?: Record<string, unknown>): Promise<unknown> {
    if (!guestProcesses().has(vmid)) throw new Error(`VM ${vmid} is not running`);
    return this.#turn(agentSocket(vmid), async () => {
      try {
        const timeout = UNANSWERED.has(command) ? 1000 : AGENT_TIMEOUT_MS;
        return await agent(agentSocket(vmid), [command, args], AGENT_PATIENCE_MS, timeout);
      } catch (error) {
        if (error instanceof Silent) {
          if (UNANSWERED.has(command)) return {};
          throw new Error('QEMU guest agent is not running');
        }
        throw new Error(`Agent error: ${(error as Error).message}`);
      }
    });
  }

  async #launch(vmid: number, config: GuestConfig, log: Log, extra: string[] = []): Promise<void> {
    if (guestProcesses().has(vmid)) throw new Error(`VM ${vmid} already running`);
    const { storage, bridge } = this.#around;
    const boot = bootOf(storage.folder);
    const accelerator = acceleratorOf(storage.folder);
    await mkdir(RUN, { recursive: true });
    const argv = commandLine(vmid, config, { storage, boot, accelerator });
    const nets = netsOf(config);
    // A guest whose link is down must not send a packet before.
    const held = nets.some(({ linkDown }) => linkDown) && extra.length === 0;
    await run([...argv, ...(held ? ['-S'] : []), ...extra]).catch((error: Error) => {
      log(error.message.split('\n').slice(1).join('\n'));
      throw new Error(
        `start failed: QEMU exited with code 1${error.message.includes('\n') ? `: ${error.message.split('\n').at(-1)}` : ''}`,
      );
    });
    const pid = guestProcesses().get(vmid);
    if (pid === undefined) throw new Error('start failed: QEMU ended at once');
    for (const net of nets) {
      const tap = tapName(vmid, net.key);
      await run(['ip', 'link', 'set', tap, 'master', net.bridge ?? bridge, 'up']);
      await limitLink(tap, net);
      if (net.linkDown) await this.#monitor(vmid, ['set_link', { name: net.key, up: false }]);
    }
    await limitProcessors(vmid, pid, config);
    if (held) await this.#monitor(vmid, ['cont']);
    log(`started with ${coresOf(config)} cores and ${memoryOf(config) / 2 ** 20} MiB`);
  }

  /** A process that still waits for memory of which nothing came. */
  async #giveUp(vmid: number, pid: number | undefined): Promise<void> {
    if (pid === undefined || guestProcesses().get(vmid) !== pid) return;
    const status = (await this.#monitor(vmid, ['query-status']).catch(() => undefined)) as
      | { status: string }
      | undefined;
    const coming = (await this.#monitor(vmid, ['query-migrate']).catch(() => undefined)) as
      | { status?: string }
      | undefined;
    if (status?.status === 'inmigrate' && coming?.status !== 'active') kill(pid);
  }

  #mustRun(vmid: number): number {
    const pid = guestProcesses().get(vmid);
    if (pid === undefined) throw new Error(`VM ${vmid} not running`);
    return pid;
  }

  #monitor(vmid: number, command: [string, object?], timeout?: number): Promise<unknown> {
    const socket = monitorSocket(vmid);
    return this.#turn(socket, () =>
      monitor(socket, command, timeout).catch((error: Error) => {
        throw new Error(`VM ${vmid} qmp command '${command[0]}' failed - ${error.message}`);
      }),
    );
  }

  async #turn<T>(socket: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(socket) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#turns.set(
      socket,
      mine.catch(() => {}),
    );
    return mine;
  }
}

function gone(vmid: number, pid: number, timeout: number): Promise<boolean> {
  return poll(() => guestProcesses().get(vmid) !== pid, Boolean, { timeout, every: 50 });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
