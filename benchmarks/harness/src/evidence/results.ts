/** RESULTS.md and its plots, from nothing but committed evidence. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { UserError, writeAtomic } from '@winning-tickets/core'
import { BENCHMARKS, type Choice, choose, claimsOf, evidenceFolder, evidenceFolders } from '../experiment/discover.js'
import { PROFILES } from '../experiment/profile.js'
import { collectResults, judge } from '../experiment/results.js'
import { plotsOf, renderPlot } from '../report/plot.js'
import { type EvidenceSection, resultsPage, withClaims } from '../report/results-page.js'
import { ensureWritableFile } from '../store/files.js'
import { openEvidence } from './read.js'

/**
 * Every experiment at every profile of which a seed is committed, the largest profile first.
 *
 * @param root the folder that links are relative to
 * @throws UserError if a file of the evidence is damaged
 */
export async function committedSections(choices: readonly Choice[], root: string): Promise<EvidenceSection[]> {
  const evidence = openEvidence(evidenceFolders(choices), (message) => {
    throw new UserError(message)
  })
  const store = { records: { get: evidence.record }, artifacts: { get: evidence.artifact } }
  const sections: EvidenceSection[] = []
  for (const choice of choices) {
    const { experiment } = choice
    // Planning a profile takes seconds, so only those that have evidence of their own are.
    for (const profile of PROFILES.toReversed().filter((each) => existsSync(evidenceFolder(choice, each)))) {
      const settings = experiment.profiles[profile]
      const results = await collectResults(experiment, profile, settings, await experiment.plan(settings), store)
      if (results.rows.length === 0) continue
      const plots = plotsOf(results).map(({ name, title }) => ({ title, file: `${name}.svg` }))
      const folder = relative(root, evidenceFolder(choice, profile))
      sections.push({ results, claims: claimsOf(choice).map((claim) => judge(claim, results)), folder, plots })
    }
  }
  return sections
}

/** What committed evidence should make of this checkout's RESULTS.md, and of a README's table of claims. */
export async function committedResults(): Promise<{ readonly page: string; readme(text: string): string }> {
  const sections = await committedSections(await choose([], BENCHMARKS), join(BENCHMARKS, '..'))
  return { page: resultsPage(sections), readme: (text) => withClaims(text, sections) }
}

/** Writes RESULTS.md into a folder, the table of claims in its README, and plots beside the evidence; returns the page's path. */
export async function writeResults(choices: readonly Choice[], root: string): Promise<string> {
  const page = join(root, 'RESULTS.md')
  await ensureWritableFile(page, 'make it writable, or work in another checkout')
  const sections = await committedSections(choices, root)
  for (const { results, folder } of sections) {
    for (const plot of plotsOf(results)) {
      await writeAtomic(join(root, folder, `${plot.name}.svg`), await renderPlot(results, plot))
    }
  }
  const readme = join(root, 'README.md')
  const text = await readFile(readme, 'utf8').catch(() => undefined)
  if (text !== undefined) await writeAtomic(readme, withClaims(text, sections))
  await writeAtomic(page, resultsPage(sections))
  return page
}
