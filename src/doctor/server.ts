import type { ServerLife } from '../db/ports/members.ts'
import { codeOf, type Examination } from './examination.ts'
import { critical, ok, warning, type Finding } from './finding.ts'

const silenceMs = 10_000

/** Whether a server runs here, and whether its public name leads to it: browsers and Bridge come by that name. */
export async function checkServer({
  config,
  store,
  clock,
  probes,
}: Examination): Promise<Finding[]> {
  const holder = await store.readServer()
  const silentMs = holder === undefined ? undefined : clock.now() - holder.seenAt
  const running = silentMs !== undefined && Math.abs(silentMs) < silenceMs
  const findings = [judgeServer(holder, silentMs)]

  const check = 'public address'
  const { publicUrl } = config
  const answer = await probes.get(`${publicUrl}/live`).catch((error: unknown) => error as Error)
  if (answer instanceof Error) {
    const message = `${publicUrl} cannot be reached from here: ${codeOf(answer)}`
    const act =
      'Check DNS, the certificate and the reverse proxy; Bridge and browsers use that name.'
    return [...findings, running ? critical(check, message, act) : warning(check, message, act)]
  }
  const isOurs = answer.status === 200 && answer.body.includes('"live"')
  findings.push(
    isOurs
      ? ok(check, `${publicUrl} leads here`)
      : critical(
          check,
          `${publicUrl}/live answers ${answer.status}, and not as this server would`,
          'Let the reverse proxy pass every path to this server, and compare PUBLIC_URL with its name.',
        ),
  )
  return findings
}

function judgeServer(holder: ServerLife | undefined, silentMs: number | undefined): Finding {
  if (!holder || silentMs === undefined || silentMs >= silenceMs) {
    return critical('server', 'no server has this database open', 'Start it.')
  }
  // A server that runs says so every few seconds, by the clock as it is now.
  if (silentMs <= -silenceMs) {
    const message = `process ${holder.pid} on ${holder.host} was last seen at a time to come`
    return critical(
      'server',
      message,
      'Compare the clocks of this machine and of that one, and see whether it runs.',
    )
  }
  return ok('server', `runs as process ${holder.pid} on ${holder.host}`)
}
