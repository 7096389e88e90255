import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mayStartSystemd, startSystemd } from '../../support/own-systemd.ts'
import { checkout, read, typedIn } from '../docs/guides.ts'

/** The chapter's commands as they are typed, for this machine's architecture. */
const arch = { x64: 'x64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64']
const typed = typedIn('docs/docker.md')
  .slice(typedIn('docs/docker.md').findIndex((line) => line.startsWith('VERSION=')))
  .map((line) => line.replaceAll('linux-x64', `linux-${arch}`))
const starts = typed.findIndex((line) => line.startsWith('systemctl enable'))

/** As the guide says for scripts. */
const command = (words: string): string =>
  typed
    .slice(starts + 1)
    .join('\n')
    .replace('--pty', '--pipe')
    .replace(/ doctor$/, ` ${words}`)

const settings = `printf secret > /etc/bank-api/secrets/bridge_client_secret
printf secret > /etc/bank-api/secrets/bridge_webhook_secrets
printf 'PUBLIC_URL=https://bank.test\\nBRIDGE_CLIENT_ID=id\\n' > /etc/bank-api/bank-api.env`

describe.skipIf(!mayStartSystemd())('docs/docker.md under systemd', () => {
  let folder: string
  let systemd: Awaited<ReturnType<typeof startSystemd>>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bank-api-systemd-'))
    mkdirSync(join(folder, 'release'))
    execFileSync(join(checkout, 'packaging/archive.sh'), [join(folder, 'release')])
    systemd = await startSystemd(folder)
    const script = [...typed.slice(0, starts), settings, typed[starts]].join('\n')
    expect(systemd.run(script)).toMatchObject({ status: 0 })
  }, 180_000)
  afterAll(async () => {
    await systemd.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const untilServes = () =>
    expect
      .poll(() => systemd.run(command('member list')).output, { timeout: 60_000 })
      .toMatch(/ living$/m)

  test(
    'the server serves, and a command finds it with the same settings',
    { timeout: 120_000 },
    async () => {
      await untilServes()

      const { output } = systemd.run(command('doctor'))

      expect(systemd.run('systemctl is-active bank-api').output).toBe('active\n')
      expect(output).toMatch(/^ok +server: runs as process/m)
      expect(output).toMatch(/^FAIL +bridge credentials: Bridge cannot be reached/m)
    },
  )

  test(
    'a copy goes to another disk once the unit lets the server write there',
    { timeout: 120_000 },
    async () => {
      const [, section = '', line = ''] =
        /`systemctl edit bank-api`, with `(.*?)` and `(.*?)`/.exec(read('docs/docker.md')) ?? []
      const path = line.split('=')[1]

      const { status } = systemd.run(`install -d -m 700 -o bank-api ${path}
echo BACKUP_DIR=${path} >> /etc/bank-api/bank-api.env
install -d /etc/systemd/system/bank-api.service.d
printf '%s\\n' '${section}' '${line}' > /etc/systemd/system/bank-api.service.d/override.conf
systemctl daemon-reload
systemctl restart bank-api`)

      expect(status).toBe(0)
      await expect
        .poll(() => systemd.run(`ls ${path}`).output, { timeout: 60_000 })
        .toMatch(/^bank-api-.*\.sqlite$/m)
    },
  )

  test('with DATABASE_URL the unit’s DATA_DIR is taken away by an empty one', () => {
    const [empty = ''] =
      /(?<=write an empty `)\w+=(?=` into `bank-api\.env`)/.exec(read('docs/docker.md')) ?? []

    const { output } = systemd.run(`systemctl stop bank-api
sed -i /BACKUP_DIR/d /etc/bank-api/bank-api.env
echo DATABASE_URL=postgres://127.0.0.1:1/bank >> /etc/bank-api/bank-api.env
echo ${empty} >> /etc/bank-api/bank-api.env
printf 'StandardError=file:/run/said\\n' >> /etc/systemd/system/bank-api.service.d/override.conf
systemctl daemon-reload
systemctl start bank-api
while ! [ -s /run/said ]; do sleep 0.1; done
systemctl stop bank-api
head -n 1 /run/said
${command('doctor')}
`)

    expect(output).toMatch(
      /^The database at 127\.0\.0\.1, port 1, cannot be reached: ECONNREFUSED\. See /m,
    )
    expect(output).toMatch(/^FAIL +installation: The database at 127\.0\.0\.1, port 1/m)
  })
})
