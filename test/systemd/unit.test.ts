import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = new URL('../../deploy/systemd/', import.meta.url);
const unit = readFileSync(new URL('forewarn.service', folder), 'utf8');
const gpu = readFileSync(new URL('gpu.conf', folder), 'utf8');

function systemdVersion(): number {
  try {
    return Number(
      /^systemd (\d+)/.exec(execFileSync('systemd-analyze', ['--version'], { encoding: 'utf8' }))?.[1] ?? 0,
    );
  } catch {
    return 0;
  }
}

const version = systemdVersion();
// `security --offline` came with systemd 250.
if (version === 0) console.warn('SKIPPED: systemd-analyze is not installed, so the unit was not verified');
else if (version < 250) console.warn(`SKIPPED: systemd ${version} cannot rate the sandbox offline (250 can)`);

/** Runs systemd-analyze on a copy, for the paths that the unit starts need not exist on this machine. */
function analyze(
  text: string,
  dropIn: string | null,
  ...args: string[]
): { status: number | null; output: string } {
  const directory = mkdtempSync(join(tmpdir(), 'forewarn-unit-'));
  try {
    // A drop-in counts for both commands only when it is part of the text that they read.
    const whole = dropIn === null ? text : `${text}\n${dropIn}`;
    writeFileSync(join(directory, 'forewarn.service'), whole.replaceAll('/usr/bin/node', process.execPath));
    const result = spawnSync('systemd-analyze', [...args, join(directory, 'forewarn.service')], {
      encoding: 'utf8',
    });
    return { status: result.status, output: result.stdout + result.stderr };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const settings = (text: string) => text.split('\n').filter((line) => /^[A-Z]\w+=/.test(line));

describe.skipIf(version === 0)('systemd unit, verified', () => {
  it('has nothing that systemd warns of', () => {
    expect(analyze(unit, null, 'verify')).toEqual({ status: 0, output: '' });
  });

  it('has nothing that systemd warns of on a GPU host', () => {
    expect(analyze(unit, gpu, 'verify')).toEqual({ status: 0, output: '' });
  });

  it('is checked by a command that can fail', () => {
    expect(analyze(unit.replace('PrivateTmp=', 'PrivatTmp='), null, 'verify').output).toContain('PrivatTmp');
  });
});

describe.skipIf(version < 250)('systemd sandbox, rated', () => {
  // systemd's exposure level is 0 (tight) to 10 (open); the threshold is given in tenths.
  it('leaves an exposure of at most 1.7', () => {
    const rated = analyze(unit, null, 'security', '--offline=true', '--threshold=17');
    expect(rated.status, rated.output).toBe(0);
  });

  it('notices a loosened sandbox', () => {
    const loosened = unit
      .replace('SystemCallFilter=@system-service', '')
      .replace('CapabilityBoundingSet=', '');
    expect(analyze(loosened, null, 'security', '--offline=true', '--threshold=17').status).not.toBe(0);
  });
});

describe('systemd unit', () => {
  it('keeps what the daemon relies on', () => {
    // Each of these is half of an agreement whose other half is in the code: notification, exit code, state directory, silence.
    expect(settings(unit)).toEqual(
      expect.arrayContaining([
        'Type=notify',
        'NotifyAccess=all',
        'WatchdogSec=60s',
        'ExecStart=/usr/bin/node /opt/forewarn/dist/cli.js run --config /etc/forewarn/forewarn.yaml',
        'ExecReload=/bin/kill -HUP $MAINPID',
        'Restart=on-failure',
        'RestartPreventExitStatus=78',
        'StateDirectory=forewarn',
        'Environment=ORT_DISABLE_TELEMETRY=1',
      ]),
    );
  });

  it('does not forbid what the JIT and ONNX Runtime need', () => {
    const kept = settings(unit);
    expect(kept.filter((line) => /^(MemoryDenyWriteExecute|ProcSubset)=/.test(line))).toEqual([]);
    expect(kept).not.toContain('SystemCallFilter=~@resources');
  });
});
