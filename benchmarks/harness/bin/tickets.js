#!/usr/bin/env node
// The command `tickets`. It runs what `npm run build` made, and says so if that is missing.
import { existsSync } from 'node:fs'

const built = new URL('../dist/cli/main.js', import.meta.url)
if (existsSync(built)) {
  const { main } = await import(built.href)
  await main(process.argv)
} else {
  process.stderr.write('tickets: The packages are not built yet: run "npm run build" first.\n')
  process.exitCode = 1
}
