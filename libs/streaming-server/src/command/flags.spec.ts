import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../errors.js';
import { helpText, parseFlags } from './flags.js';
import { parseDuration, parseSize } from './units.js';

describe('the command line', () => {
  it('takes the names of the real server, with one dash and with two, with a blank and with =', () => {
    const words =
      '-p 4223 --addr 0.0.0.0 -cid bank -store FILE --dir=data -mc 10 -mm=20 -mb 1GB -ma 1h30m -m 8222 -l file ' +
      '-SDV --user u --pass p -auth t -hbi 5s --hbt=500ms -hbf 2 -msu 7 -file_sync=false';
    expect(parseFlags(words.split(' '))).toEqual({
      warnings: [],
      settings: {
        port: 4223,
        host: '0.0.0.0',
        clusterId: 'bank',
        store: 'FILE',
        directory: 'data',
        channelsMax: 10,
        messagesMax: 20,
        bytesMax: 1024 ** 3,
        ageMaxMs: 5_400_000,
        monitorPort: 8222,
        logFile: 'file',
        debug: true,
        user: 'u',
        pass: 'p',
        token: 't',
        heartbeatIntervalMs: 5_000,
        heartbeatTimeoutMs: 500,
        heartbeatFailuresMax: 2,
        subscriptionsMax: 7,
        fileSync: false,
      },
    });
  });

  it('has the long names too', () => {
    const words =
      '--port 1 --cluster_id c --max_channels 2 --max_msgs 3 --max_bytes 4 --max_age 5s --http_port 6 --log f';
    expect(parseFlags(words.split(' ')).settings).toMatchObject({ port: 1, clusterId: 'c', channelsMax: 2 });
    expect(parseFlags(['-SD', '-D', '-V', '-SV', '-DV', '-st', 'MEMORY']).warnings).toEqual([]);
  });

  it('makes what it does not know a warning and goes on', () => {
    const { settings, warnings } = parseFlags(['--ft_group', 'g', '-clustered', '-p', '1', 'stray', '-x=1']);
    expect(settings).toEqual({ port: 1 });
    expect(warnings).toEqual([
      'unknown argument --ft_group g is ignored',
      'unknown argument -clustered is ignored',
      'unknown argument stray is ignored',
      'unknown argument -x=1 is ignored',
    ]);
  });

  it('refuses values that a flag cannot take, naming all of them', () => {
    const parse = (): unknown => parseFlags(['-p', 'x', '-ma', '5', '-hbf', '1.5', '-cid']);
    expect(parse).toThrow(ConfigurationError);
    expect(parse).toThrow('invalid arguments: -p: x; -ma: 5; -hbf: 1.5; -cid: needs a value');
  });

  it('explains each flag', () => {
    for (const flag of ['-p', '--addr', '-cid', '-st', '-dir', '-hbi', '-SDV'])
      expect(helpText()).toContain(flag);
  });

  it.each([
    ['0', 0],
    ['250ms', 250],
    ['1.5s', 1_500],
    ['1h2m3s', 3_723_000],
    ['5', undefined],
    ['-1s', undefined],
    ['s', undefined],
  ])('reads the duration %s', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each([
    ['1024', 1024],
    ['64KB', 65_536],
    ['2m', 2_097_152],
    ['1 GB', 1024 ** 3],
    ['B', undefined],
    ['-1', undefined],
  ])('reads the size %s', (text, expected) => {
    expect(parseSize(text)).toBe(expected);
  });
});
