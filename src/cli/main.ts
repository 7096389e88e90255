import { processStreams } from '../terminal/terminal.ts'
import { runCli } from './run.ts'

const code = await runCli(process.argv.slice(2), { env: process.env, ...processStreams })
// Not exit(): what was printed may still be on its way.
if (code !== 0) process.exitCode = code
