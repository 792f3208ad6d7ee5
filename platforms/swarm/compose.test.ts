import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { OperatorError } from '../../units/operator-error.ts';
import { addTo, foldersIn, imagesOf, readCompose } from './compose.ts';

const labels = { 'brownout.run': 'r1' };
const add = (text: string, more: Partial<Parameters<typeof addTo>[1]> = {}) =>
  parse(addTo(readCompose(text), { labels, images: {}, join: [], ...more }));

describe('a stack file', () => {
  it('is labelled wherever it creates something, and keeps its own labels in either form', () => {
    const result = add(`
      services:
        a: { image: x, deploy: { replicas: 2, labels: [own=1, empty] } }
        b: { image: y, labels: { container: only }, deploy: { labels: { own: '2' } } }
      networks: { n: , ext: { external: true } }
      volumes: { v: { labels: { own: '3' } } }
      configs: { c: { file: ./c } }
    `);
    assert.deepEqual(result.services.a.deploy, { replicas: 2, labels: { own: '1', empty: '', 'brownout.run': 'r1' } });
    assert.deepEqual(result.services.b.deploy.labels, { own: '2', 'brownout.run': 'r1' });
    assert.deepEqual(result.services.b.labels, { container: 'only' });
    assert.deepEqual(result.networks, { default: { labels }, n: { labels }, ext: { external: true } });
    assert.deepEqual(result.volumes.v.labels, { own: '3', 'brownout.run': 'r1' });
    assert.deepEqual(result.configs.c, { file: './c', labels });
    assert.equal(result.secrets, undefined);
  });

  it('keeps its version, or gets one', () => {
    assert.equal(add('services: { a: { image: x } }').version, '3.8');
    assert.equal(add('{ version: "3.3", services: { a: { image: x } } }').version, '3.3');
  });

  it('has its images replaced by what the nodes hold', () => {
    const compose = readCompose('services: { a: { image: x }, b: { image: x }, c: { image: z } }');
    assert.deepEqual(imagesOf(compose), ['x', 'z']);
    const { services } = parse(addTo(compose, { labels, images: { x: 'sha256:1' }, join: [] }));
    assert.deepEqual([services.a.image, services.b.image, services.c.image], ['sha256:1', 'sha256:1', 'z']);
  });

  it('joins the networks of its neighbour and stays in its own', () => {
    const result = add('services: { a: { image: x }, b: { image: x, networks: [n] } }\nnetworks: { n: {} }', {
      join: ['ns_front'],
    });
    assert.deepEqual(result.services.a.networks, { default: null, ns_front: null });
    assert.deepEqual(result.services.b.networks, { n: null, ns_front: null });
    assert.deepEqual(result.networks.ns_front, { external: true, name: 'ns_front' });
  });

  it('may use anchors and merge keys', () => {
    const { services } = add('x-common: &c { image: x, init: true }\nservices: { a: { <<: *c, command: run } }');
    assert.equal(services.a.image, 'x');
    assert.equal(services.a.init, true);
  });

  it('tells which folders on the shared storage it mounts', () => {
    const compose = readCompose(`
      services:
        a: { image: x, volumes: ['/srv/s/ns/pg:/data', '/etc/hosts:/h:ro', 'v:/v', '/srv/s/../etc:/no'] }
        b: { image: x, volumes: [{ type: bind, source: /srv/s/ns/redis, target: /data }] }
      volumes: { v: { driver_opts: { type: none, o: bind, device: /srv/s/ns/v } } }
    `);
    assert.deepEqual(foldersIn(compose, '/srv/s'), ['/srv/s/ns/pg', '/srv/s/ns/redis', '/srv/s/ns/v']);
  });

  it('is refused when it is none', () => {
    for (const text of ['', 'a: [', 'just words', 'services: []', 'services: { a: 1 }', '- a']) {
      assert.throws(() => readCompose(text), OperatorError, JSON.stringify(text));
    }
  });
});
