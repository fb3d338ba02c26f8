import { describe, expect, it } from '@jest/globals';
import { testNatsOptions } from '../testing/index.js';
import { addressOf, securityOf } from './client-security.js';
import type { NatsOptions } from './nats.options.js';
import { Secret } from './secret.js';

const withUrl = (url: string, given: Partial<NatsOptions> = {}) => testNatsOptions({ ...given, url });

describe('the address', () => {
  it.each([
    ['nats://broker:4222', 'broker:4222'],
    ['tls://user:p@ss@broker:4222/', 'broker:4222'],
    ['http://broker:80', 'broker:80'],
    ['nats://[::1]:4222', '[::1]:4222'],
  ])('in %s is %s', (url, address) => {
    expect(addressOf(withUrl(url))).toBe(address);
  });
});

describe('the credentials', () => {
  it.each([
    ['nats://user:p%40s%3As@broker:4222', { user: 'user', pass: 'p@s:s' }],
    ['nats://user:p@s:s@broker:4222', { user: 'user', pass: 'p@s:s' }],
    ['nats://user:50%@broker:4222', { user: 'user', pass: '50%' }],
    ['nats://a%2Ftoken@broker:4222', { token: 'a/token' }],
    ['nats://broker:4222', {}],
  ])('in %s are %j', (url, expected) => {
    expect(securityOf(withUrl(url))).toEqual(expected);
  });

  it('of the options are revealed to the client, and come before those of the URL', () => {
    const user = { user: 'bank', password: new Secret('hunter2') };
    const token = { token: new Secret('hunter2') };
    const url = 'nats://user:pass@broker:4222';
    expect(securityOf(withUrl(url, { credentials: user }))).toEqual({ user: 'bank', pass: 'hunter2' });
    expect(securityOf(withUrl(url, { credentials: token }))).toEqual({ token: 'hunter2' });
  });
});

describe('TLS', () => {
  const material = { ca: 'CA', cert: 'CERT', key: new Secret('KEY') };

  it('is asked for by the scheme, or by what is given for it', () => {
    expect(securityOf(withUrl('nats://broker:4222'))).not.toHaveProperty('tls');
    expect(securityOf(withUrl('tls://broker:4222')).tls).toEqual({ servername: 'broker' });
    expect(securityOf(withUrl('nats://broker:4222', { tls: material })).tls).toEqual({
      ca: 'CA',
      cert: 'CERT',
      key: 'KEY',
      servername: 'broker',
    });
  });

  it.each([
    ['tls://127.0.0.1:4222', { host: '127.0.0.1' }],
    ['tls://[::1]:4222', { host: '::1' }],
    ['tls://broker.example:4222', { servername: 'broker.example' }],
  ])('to %s is with the owner of a certificate for that very host', (url, expected) => {
    expect(securityOf(withUrl(url)).tls).toEqual(expected);
  });
});
