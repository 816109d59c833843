/** The joint report: every paper's claims in one table and one page, from the reports that the benches wrote. */
import { fileURLToPath } from 'node:url'
import { claimsTable, reportFolders, writeJointReport } from '@winning-tickets/harness'

const page = fileURLToPath(new URL('../out/index.html', import.meta.url))
try {
  const { claims, missing } = await writeJointReport(await reportFolders(), page)
  for (const paper of missing) process.stdout.write(`${paper}: no results yet; run "npx tickets bench ${paper}".\n`)
  if (claims.length > 0) process.stdout.write(`${claimsTable(claims)}\n`)
  process.stdout.write(`Joint report: ${page}\n`)
} catch (error) {
  if (!(error instanceof Error && error.name === 'UserError')) throw error
  process.stderr.write(`report: ${error.message}\n`)
  process.exitCode = 1
}
