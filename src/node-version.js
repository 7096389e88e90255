// No imports, so that any Node can read this file and say no.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `bank-api needs Node.js 22.19 or later, 26 is best; this is ${process.version}. ` +
      'In a checkout, `npm ci` brings the right one: use the npm scripts and `npx bank-api`.',
  )
  process.exit(1)
}
