/** The joint report: every paper's claims in one table and one page, from the reports that the benches wrote. */
import { fileURLToPath } from 'node:url'
import { claimsTable, reportFolders, writeJointReport } from '@winning-tickets/harness'

const page = fileURLToPath(new URL('../out/index.html', import.meta.url))
const { claims, missing } = await writeJointReport(reportFolders(), page)
for (const paper of missing) process.stdout.write(`${paper}: no results yet; run "npx tickets bench ${paper}".\n`)
process.stdout.write(`${claimsTable(claims)}\nJoint report: ${page}\n`)
