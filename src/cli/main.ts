import { processStreams } from '../terminal/terminal.ts'
import { runCli } from './run.ts'

/** Only who asks for it keeps Ctrl-C, or the end of the terminal, from ending the process at once. */
function stopped(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort())
  }
  return controller.signal
}

const code = await runCli(process.argv.slice(2), {
  env: process.env,
  stopped,
  stdout: processStreams.stdout,
  stderr: processStreams.stderr,
  ...(processStreams.stdin && { stdin: processStreams.stdin }),
})
// Not exit(): what was printed may still be on its way.
if (code !== 0) process.exitCode = code
