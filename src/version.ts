import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

const manifest = JSON.parse(readFileSync(findPackageJSON(import.meta.url)!, 'utf8')) as {
  version: string
}

/** Which version of the program this is. */
export const { version } = manifest
