import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { vi } from 'vitest'

const systemd = '/lib/systemd/systemd'
const needed = [systemd, '/usr/bin/systemd-run', '/usr/bin/dbus-daemon', '/usr/bin/unshare']

/** Where the second version of control groups is mounted. */
const cgroups = (): string | undefined =>
  / (\S+) cgroup2 /.exec(readFileSync('/proc/mounts', 'utf8'))?.[1]

const unshare = ['--mount', '--pid', '--fork', '--cgroup', '--uts', '--ipc', '--net']

/** Whether a systemd may be started here, which takes root and namespaces. */
export const mayStartSystemd = (): boolean =>
  process.getuid?.() === 0 &&
  needed.every((path) => existsSync(path)) &&
  cgroups() !== undefined &&
  spawnSync('unshare', [...unshare, 'true']).status === 0

const bus = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_type="*"/>
  </policy>
</busconfig>
`

const onItsOwn = '[Unit]\nDefaultDependencies=no\n'

/** What it starts, and nothing of the machine's: a bus, which `systemd-run --wait` listens to. */
const unitsIn = (folder: string): Record<string, string> => ({
  'own.target': `${onItsOwn}Requires=dbus.socket dbus.service\n`,
  'sysinit.target': onItsOwn,
  'basic.target': onItsOwn,
  'shutdown.target': onItsOwn,
  'dbus.socket': `${onItsOwn}[Socket]\nListenStream=/run/dbus/system_bus_socket\n`,
  'dbus.service': `${onItsOwn}Requires=dbus.socket
[Service]
ExecStart=/usr/bin/dbus-daemon --config-file=${folder}/bus.conf --address=systemd: --nofork --nopidfile
`,
})

/** What is written to these folders stays inside; the rest of the machine is as it is outside. */
const boot = (folder: string): string => `set -e
group=${cgroups()}/own-systemd-$$
mkdir "$group"
echo $$ > "$group/cgroup.procs"
exec unshare ${unshare.join(' ')} --kill-child sh -ec '
mount --make-rprivate /
mount --make-rshared /
mount -t proc proc /proc
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for path in /run /opt /mnt /var/lib; do mount -t tmpfs tmpfs $path; done
mkdir -p /run/etc/above /run/etc/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc/above,workdir=/run/etc/work /etc
mount -t tmpfs tmpfs /etc/systemd/system
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=unshare SYSTEMD_UNIT_PATH=${folder}/units:/etc/systemd/system \
  ${systemd} --system --unit=own.target --log-target=console --show-status=no'
`

/** A systemd beside the machine's own, process 1 of namespaces of its own: what is installed in it is gone with it. */
export async function startSystemd(folder: string) {
  mkdirSync(join(folder, 'units'))
  for (const [name, text] of Object.entries(unitsIn(folder))) {
    writeFileSync(join(folder, 'units', name), text)
  }
  writeFileSync(join(folder, 'bus.conf'), bus)
  const outer = spawn('sh', ['-c', boot(folder)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [outer.stdout, outer.stderr]) {
    stream.on('data', (chunk: Buffer) => (log += chunk.toString()))
  }
  const group = join(cgroups()!, `own-systemd-${outer.pid}`)
  const first = (): string =>
    readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8').trim()

  /** Runs a shell's script inside. */
  function run(script: string): { status: number | null; output: string } {
    const spaces = ['-m', '-p', '-u', '-i', '-n', '-C']
    const { status, stdout, stderr } = spawnSync(
      'nsenter',
      ['-t', first(), ...spaces, 'sh', '-ec', `exec 2>&1\ncd ${folder}\n${script}`],
      { encoding: 'utf8' },
    )
    return { status, output: stdout + stderr }
  }

  await vi.waitFor(
    () => {
      if (run('systemd-run --wait true').status !== 0) throw new Error(log)
    },
    { timeout: 30_000, interval: 200 },
  )
  return {
    run,
    async stop() {
      const ended = new Promise((resolve) => {
        outer.once('close', resolve)
      })
      outer.kill('SIGKILL')
      await ended
      await vi.waitFor(
        () => {
          const { status } = spawnSync('find', [group, '-depth', '-type', 'd', '-delete'])
          if (status !== 0) throw new Error(`${group} is not empty`)
        },
        { timeout: 10_000 },
      )
    },
  }
}
