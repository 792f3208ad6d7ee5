import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import type { Server, Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { loadKinds } from '../fixtures/workloads.ts';
import { oneAttempt as ask } from '../tests/one-attempt.ts';
import { serveTcp } from '../tests/servers/tcp-server.ts';
import { createProbe } from './kinds.ts';
import type { Probe, Result, StreamSpec } from './probe.ts';
import { HttpClient } from './wire/http-client.ts';

const kinds = await loadKinds('voting', import.meta.dirname);

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A server that does with each connection what the test says; `url` is where it listens. */
async function serve(
  onConnection: (socket: Socket) => void,
): Promise<{ url: string; server: Server; sockets: Socket[] }> {
  const { port, server, sockets, close } = await serveTcp(onConnection);
  cleanUps.push(close);
  return { url: `http://127.0.0.1:${port}`, server, sockets };
}

/** Answers every request with these bytes. */
const answering = (answer: string) =>
  serve((socket) => {
    socket.on('data', () => socket.write(answer));
  });

const page = (body: string, status = '200 OK') =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

function probe(target: string, more: Partial<StreamSpec> = {}): Probe {
  const spec: StreamSpec = {
    name: 'web',
    kind: 'http',
    target,
    every: 20,
    timeout: 900,
    connection: 'new',
    writes: false,
    idPrefix: 'run-',
    options: {},
    ...more,
  };
  const opened = createProbe(spec, kinds);
  cleanUps.push(() => opened.close());
  return opened;
}

const vote = (target: string, more: Partial<StreamSpec> = {}) => probe(target, { kind: 'vote', writes: true, ...more });

test('a good page is ok, and tells who made it', async () => {
  const { url } = await answering(page('served by web-7.'));
  const result = await ask(
    probe(url, { options: { contains: 'served', matches: 'web-\\d', instance: 'by ([\\w-]+)' } }),
  );
  assert.deepEqual(result, { outcome: 'ok', error: 'none', status: 200, instance: 'web-7' });
});

test('the wrong status, and the wrong body', async () => {
  const { url } = await answering(page('maintenance', '503 Service Unavailable'));
  assert.deepEqual(await ask(probe(url)), { outcome: 'fail', error: 'status', status: 503 });
  assert.equal((await ask(probe(url, { options: { status: 503, contains: 'alive' } }))).error, 'body');
  assert.equal((await ask(probe(url, { options: { status: 503, matches: '^alive' } }))).error, 'body');
  assert.equal((await ask(probe(url, { options: { status: 503 } }))).outcome, 'ok');
});

test('a body is known by its checksum: one that lacks its end is a failure, whatever its status and length say', async () => {
  const whole = 'a'.repeat(100_000);
  const sha256 = hash('sha256', whole);
  const asked = async (body: string) => ask(probe((await answering(page(body))).url, { options: { sha256 } }));
  assert.equal((await asked(whole)).outcome, 'ok');
  assert.deepEqual(await asked(whole.slice(1)), { outcome: 'fail', error: 'body', status: 200 });
  const { url } = await serve((socket) => {
    socket.on('data', () => socket.end(page(whole).slice(0, -1)));
  });
  assert.deepEqual(await ask(probe(url, { options: { sha256 } })), { outcome: 'fail', error: 'closed', status: 200 });
});

test('the path may come from the target or from the options', async () => {
  const { url } = await serve((socket) => {
    socket.on('data', (bytes) => socket.write(page(bytes.toString().split(' ')[1]!)));
  });
  assert.equal((await ask(probe(`${url}/a?b=c`, { options: { matches: '^/a\\?b=c$' } }))).outcome, 'ok');
  assert.equal((await ask(probe(`${url}/a`, { options: { path: '/x/y', matches: '^/x/y$' } }))).outcome, 'ok');
});

test('nobody listens: refused', async () => {
  const { url, server } = await answering('');
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(await ask(probe(url)), { outcome: 'fail', error: 'refused', status: 0 });
  assert.equal((await ask(vote(url))).outcome, 'fail', 'a write that never left was not applied');
});

test('reset: a read fails, a write may have been applied', async () => {
  const { url } = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()));
  assert.deepEqual(await ask(probe(url)), { outcome: 'fail', error: 'reset', status: 0 });
  assert.deepEqual(await ask(vote(url)), { outcome: 'indeterminate', error: 'reset', status: 0 });
});

test('closed without an answer, or in the middle of one', async () => {
  const silent = await serve((socket) => socket.once('data', () => socket.end()));
  assert.deepEqual(await ask(probe(silent.url)), { outcome: 'fail', error: 'closed', status: 0 });
  const partial = await serve((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nProcessed by container ID abc')),
  );
  assert.deepEqual(await ask(vote(partial.url)), { outcome: 'indeterminate', error: 'closed', status: 200 });
});

test('half-open: accepted and never answered; abandoned once', async () => {
  const { url } = await serve(() => {});
  assert.deepEqual(await ask(probe(url), { patience: 50 }), { outcome: 'fail', error: 'timeout', status: 0 });
  assert.deepEqual(await ask(vote(url), { patience: 50 }), { outcome: 'indeterminate', error: 'timeout', status: 0 });
});

test('slow: an answer after the abandoning changes nothing', async () => {
  const { url } = await serve((socket) => socket.once('data', () => setTimeout(() => socket.write(page('late')), 100)));
  const results: Result[] = [];
  const attempt = probe(url).send(0, (result) => results.push(result));
  await new Promise((resolve) => setTimeout(resolve, 50));
  attempt.abandon();
  attempt.abandon();
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.deepEqual(results, [{ outcome: 'fail', error: 'timeout', status: 0 }]);
});

test('no HTTP at all', async () => {
  const { url } = await answering('SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n');
  assert.deepEqual(await ask(probe(url)), { outcome: 'fail', error: 'protocol', status: 0 });
  const early = await serve((socket) => socket.write('220 smtp\r\n'));
  assert.equal((await ask(probe(early.url))).error, 'protocol');
});

test('no TLS where TLS is expected', async () => {
  const { url } = await answering(page('plain'));
  assert.equal((await ask(probe(url.replace('http:', 'https:')))).error, 'tls');
});

test('chunks, however slowly they come', async () => {
  const { url } = await serve((socket) => {
    const pieces = [
      'HTTP/1.1 200 OK\r\nTransfer-Enc',
      'oding: chunked\r\n\r',
      '\n3\r\nhel\r\n2\r',
      '\nlo\r\n0\r\n\r\n',
    ];
    for (const [i, piece] of pieces.entries()) setTimeout(() => socket.write(piece), 15 * i);
  });
  // Not before the request: that would be nobody's answer.
  const result = await ask(probe(url, { options: { matches: '^hello$' } }));
  assert.equal(result.outcome, 'ok');
});

test('a name that does not resolve is an error on the side of the prober', async () => {
  const result = await ask(probe('http://does-not-exist.invalid/'));
  assert.equal(result.error, 'prober');
  assert.match(result.detail ?? '', /^(ENOTFOUND|EAI_AGAIN)$/);
});

test('new connections: one each', async () => {
  const { url, sockets } = await answering(page('x'));
  const asked = probe(url);
  for (let seq = 0; seq < 3; seq++) await ask(asked, { seq });
  assert.equal(sockets.length, 3);
});

test('a reused connection is kept, and parallel attempts have connections of their own', async () => {
  const { url, sockets } = await serve((socket) => {
    socket.on('data', () => setTimeout(() => socket.write(page('x')), 20));
  });
  const asked = probe(url, { connection: 'reused' });
  for (let seq = 0; seq < 3; seq++) assert.equal((await ask(asked, { seq })).outcome, 'ok');
  assert.equal(sockets.length, 1);
  await Promise.all([ask(asked), ask(asked), ask(asked)]);
  assert.equal(sockets.length, 3);
});

test('a reused connection that timed out is destroyed', async () => {
  let silent = true;
  const { url, sockets } = await serve((socket) => {
    socket.on('data', () => {
      if (!silent) socket.write(page('x'));
    });
  });
  const asked = probe(url, { connection: 'reused' });
  assert.equal((await ask(asked, { patience: 50 })).error, 'timeout');
  silent = false;
  assert.equal((await ask(asked)).outcome, 'ok');
  assert.equal(sockets.length, 2);
});

test('a kept connection that the server ends is not used again', async () => {
  const { url, sockets } = await answering(page('x'));
  const asked = probe(url, { connection: 'reused' });
  await ask(asked);
  sockets[0]!.end();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await ask(asked)).outcome, 'ok');
  assert.equal(sockets.length, 2);
});

test('an answer that says close is not followed by another request', async () => {
  const { url, sockets } = await answering('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  const asked = probe(url, { connection: 'reused' });
  await ask(asked);
  await ask(asked);
  assert.equal(sockets.length, 2);
});

test('a vote is a form of its own voter', async () => {
  let request = '';
  const { url } = await serve((socket) => {
    socket.on('data', (bytes) => {
      request += bytes;
      socket.write(page('<p>Processed by container ID 0123456789ab</p>'));
    });
  });
  assert.deepEqual(await ask(vote(url), { seq: 41 }), {
    outcome: 'ok',
    error: 'none',
    status: 200,
    instance: '0123456789ab',
  });
  const [head, body] = request.split('\r\n\r\n');
  assert.match(head!, /^POST \/ HTTP\/1.1\r\n/);
  assert.match(head!, /^Cookie: voter_id=run-41$/m);
  assert.match(head!, /^Content-Type: application\/x-www-form-urlencoded$/m);
  assert.equal(body, 'vote=a');
});

test('a vote is acknowledged by the page, not by the status alone', async () => {
  const { url } = await answering(page('Welcome to nginx'));
  assert.deepEqual(await ask(vote(url)), { outcome: 'fail', error: 'body', status: 200 });
  const broken = await answering(page('oops', '500 Internal Server Error'));
  assert.deepEqual(await ask(vote(broken.url)), { outcome: 'fail', error: 'status', status: 500 });
});

test('a kept connection that was closed before a byte of the answer: a read is asked once more, and says so', async () => {
  for (const end of ['end', 'resetAndDestroy'] as const) {
    let asked = 0;
    // The second request on a connection finds it closed, as when the server's own limit on idle ones has just passed.
    const { url, sockets } = await serve((socket) => {
      let mine = 0;
      socket.on('data', () => {
        asked++;
        if (++mine === 1) socket.write(page('x'));
        else socket[end]();
      });
    });
    const web = probe(url, { connection: 'reused' });
    assert.deepEqual(await ask(web), { outcome: 'ok', error: 'none', status: 200 });
    assert.deepEqual(await ask(web), { outcome: 'ok', error: 'none', status: 200, askedAgain: true }, end);
    assert.deepEqual([sockets.length, asked], [2, 3]);
  }
});

test('it is not asked a third time, and what then goes wrong is its result', async () => {
  let first = true;
  const { url, sockets } = await serve((socket) => {
    socket.on('data', () => {
      if (first) socket.write(page('x'));
      else socket.end();
      first = false;
    });
  });
  const web = probe(url, { connection: 'reused' });
  await ask(web);
  assert.deepEqual(await ask(web), { outcome: 'fail', error: 'closed', status: 0, askedAgain: true });
  assert.equal(sockets.length, 2);
});

test('the second asking has the time that the first one has left', async () => {
  const { url, sockets } = await serve((socket) => {
    let mine = 0;
    socket.on('data', () => {
      if (sockets.length > 1) return;
      if (++mine === 1) socket.write(page('x'));
      else socket.end();
    });
  });
  const web = probe(url, { connection: 'reused' });
  await ask(web);
  assert.deepEqual(await ask(web, { patience: 100 }), {
    outcome: 'fail',
    error: 'timeout',
    status: 0,
    askedAgain: true,
  });
  assert.equal(sockets.length, 2);
});

test('never asked again: writes, new connections, answers that began, timeouts', async () => {
  /** Answers the first request on each connection, and to the second does this. */
  const then = (second: (socket: Socket) => void) =>
    serve((socket) => {
      let mine = 0;
      socket.on('data', () => {
        if (++mine === 1) socket.write(page('Processed by container ID abc'));
        else second(socket);
      });
    });
  const closing = await then((socket) => socket.end());
  const voter = vote(closing.url, { connection: 'reused' });
  await ask(voter, { seq: 0 });
  assert.deepEqual(await ask(voter, { seq: 1 }), { outcome: 'indeterminate', error: 'closed', status: 0 });
  assert.equal(closing.sockets.length, 1);

  const poster = probe(closing.url, { kind: 'vote', connection: 'reused' });
  await ask(poster);
  assert.equal((await ask(poster)).error, 'closed', 'POST, though nobody looks for it afterwards');

  const partial = await then((socket) => socket.end('H'));
  const web = probe(partial.url, { connection: 'reused' });
  await ask(web);
  assert.deepEqual(await ask(web), { outcome: 'fail', error: 'closed', status: 0 });

  const silent = await then(() => {});
  const patient = probe(silent.url, { connection: 'reused' });
  await ask(patient);
  assert.deepEqual(await ask(patient, { patience: 50 }), { outcome: 'fail', error: 'timeout', status: 0 });

  const never = await serve((socket) => socket.once('data', () => socket.end()));
  assert.deepEqual(await ask(probe(never.url, { connection: 'reused' })), {
    outcome: 'fail',
    error: 'closed',
    status: 0,
  });
  assert.equal(never.sockets.length, 1);
});

test('a connection is let go before the server says that it closes it', async () => {
  const { url, sockets } = await answering(
    'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1, max=100\r\nContent-Length: 0\r\n\r\n',
  );
  const web = probe(url, { connection: 'reused', every: 10_000 });
  await ask(web);
  await ask(web);
  assert.equal(sockets.length, 1, 'at once it is still good');
  await new Promise((resolve) => setTimeout(resolve, 700));
  await ask(web);
  assert.equal(sockets.length, 2, 'with little of its second left it may be closed while the request is on its way');
});

test('of a name with several addresses it is told which one answered', async () => {
  const { url } = await answering(page('x'));
  const named = url.replace('127.0.0.1', 'localhost');
  assert.equal((await ask(probe(named))).address, '127.0.0.1');
  assert.equal((await ask(probe(named, { connection: 'reused' }))).address, '127.0.0.1');
  assert.equal('address' in (await ask(probe(url))), false, 'an address that was given says nothing new');
});

test('answers under way hold no more than a limit together, however many there are', async () => {
  const { url } = await serve((socket) => {
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${8 * 1024 * 1024}\r\n\r\n`);
      socket.write(Buffer.alloc(7 * 1024 * 1024, 'x'));
    });
  });
  const web = probe(url);
  const results: Result[] = [];
  const attempts = Array.from({ length: 12 }, (_, seq) => web.send(seq, (result) => results.push(result)));
  const limit = performance.now() + 20_000;
  while (results.length < 8 && performance.now() < limit) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const attempt of attempts) attempt.abandon();
  const count = (error: string) => results.filter((result) => result.error === error).length;
  assert.deepEqual([count('protocol'), count('timeout')], [8, 4]);
  // What was held is free again.
  const after = Array.from({ length: 4 }, (_, seq) => ask(web, { seq, patience: 3000 }));
  for (const result of await Promise.all(after)) assert.equal(result.error, 'timeout');
});

test('a body stays as it was read, whatever is read after it', async () => {
  const { url } = await serve((socket) => {
    let answered = 0;
    socket.on('data', () => socket.write(page(`answer ${answered++}`)));
  });
  const client = new HttpClient(new URL(url), { connection: 'reused', every: 20, writes: false });
  cleanUps.push(() => client.close());
  const bodies: Buffer[] = [];
  for (let i = 0; i < 3; i++) {
    await new Promise<void>((resolve) => {
      client.exchange('GET / HTTP/1.1\r\n\r\n', (end) => {
        assert.ok('response' in end);
        bodies.push(end.response.body);
        resolve();
      });
    });
  }
  assert.deepEqual(bodies.map(String), ['answer 0', 'answer 1', 'answer 2']);
});
