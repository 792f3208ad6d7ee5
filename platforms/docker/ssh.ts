import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { mask } from '../../output/secrets.ts';
import { runProgram } from '../../processes/program.ts';
import { OperatorError } from '../../units/operator-error.ts';

/** Of what ssh complains about, before secrets are masked and the last of it is told. */
const KEPT = 64 * 2 ** 10;
/** Of ssh's reading its own configuration, ms: it asks nobody, but for what `Match exec` runs. */
const CONFIG_TIMEOUT = 5000;

/**
 * HTTP over `ssh … docker system dial-stdio`, as Docker's own command line does it: the user's ssh, so the user's keys,
 * known hosts, jump hosts and ~/.ssh/config hold here too.
 */
export class SshAgent extends Agent {
  readonly #argv: string[];

  constructor(url: URL) {
    super({ keepAlive: false });
    // BatchMode: a question for a password would hang a run for ever.
    const options = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5', '-T'];
    this.#argv = [...options, ...destination(url), 'docker', 'system', 'dial-stdio'];
  }

  override createConnection(): Duplex {
    // spawn, and not execa like elsewhere: this is a connection made of three pipes, not a program whose end is waited for.
    return new SshConnection(spawn('ssh', this.#argv));
  }
}

function destination(url: URL): string[] {
  const port = url.port ? ['-p', url.port] : [];
  const user = url.username ? `${decodeURIComponent(url.username)}@` : '';
  return [...port, '--', `${user}${url.hostname}`];
}

/** The port of the host's SSH server, as the user's ssh knows it: ~/.ssh/config may have another one than 22. Throws OperatorError. */
export async function sshPort(url: URL): Promise<number> {
  if (url.port) return Number(url.port);
  const asked = ['-G', ...destination(url)];
  const { code, stdout, stderr } = await runProgram('ssh', asked, { timeout: CONFIG_TIMEOUT });
  const [, port] = /^port (\d+)$/m.exec(stdout) ?? [];
  if (port !== undefined) return Number(port);
  throw new OperatorError(
    `ssh does not say which port ${url.hostname} has (ssh ${asked.join(' ')}): ${mask(stderr.trim()).slice(-1000) || `exit ${code}`}`,
    {
      hint: `say it in the cluster file: ssh://${destination(url).at(-1)}:22`,
    },
  );
}

/** An ssh process as a connection: what is written goes to its input, what it prints is read. */
class SshConnection extends Duplex {
  readonly #ssh: ChildProcessWithoutNullStreams;

  constructor(ssh: ChildProcessWithoutNullStreams) {
    super();
    this.#ssh = ssh;
    let heard = false;
    let complaint = '';
    ssh.stdout.on('data', (chunk: Buffer) => {
      heard = true;
      if (!this.push(chunk)) ssh.stdout.pause();
    });
    ssh.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = `${complaint}${text}`.slice(-KEPT);
    });
    // A broken pipe says less than what ssh says at its end.
    ssh.stdin.on('error', () => {});
    ssh.on('error', (error) => this.destroy(new Error(`ssh cannot be started: ${error.message}`)));
    ssh.on('close', (code) => {
      // An answer that is complete is one, however ssh ended after it.
      if (heard || code === 0) this.push(null);
      else this.destroy(new Error(`ssh: ${mask(complaint.trim()).slice(-1000) || `exit ${code}`}`));
    });
  }

  override _read(): void {
    this.#ssh.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#ssh.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#ssh.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#ssh.kill();
    done(error);
  }

  // What Node's HTTP client asks of a socket and a process has no use for.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
