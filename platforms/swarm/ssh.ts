import { spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';

/**
 * HTTP over `ssh … docker system dial-stdio`, as Docker's own command line does it: the user's ssh, so the user's keys,
 * known hosts, jump hosts and ~/.ssh/config hold here too.
 */
export class SshAgent extends Agent {
  readonly #argv: string[];

  constructor(url: URL) {
    super({ keepAlive: false });
    const port = url.port ? ['-p', url.port] : [];
    const user = url.username ? `${decodeURIComponent(url.username)}@` : '';
    // BatchMode: a question for a password would hang a run for ever.
    const options = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5', '-T'];
    this.#argv = [...options, ...port, '--', `${user}${url.hostname}`, 'docker', 'system', 'dial-stdio'];
  }

  override createConnection(): Duplex {
    const ssh = spawn('ssh', this.#argv, { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    ssh.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-1000);
    });
    const duplex = Duplex.from({ readable: ssh.stdout, writable: ssh.stdin });
    ssh.on('error', (error) => duplex.destroy(new Error(`ssh cannot be started: ${error.message}`)));
    ssh.on('close', (code) => {
      if (code) duplex.destroy(new Error(`ssh: ${said.trim() || `exit ${code}`}`));
    });
    duplex.on('close', () => ssh.kill());
    // What Node's HTTP client asks of a socket and a pipe has no use for.
    return Object.assign(duplex, {
      setTimeout: () => duplex,
      setNoDelay: () => duplex,
      setKeepAlive: () => duplex,
      ref: () => duplex,
      unref: () => duplex,
    });
  }
}
