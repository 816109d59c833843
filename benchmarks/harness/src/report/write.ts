/** Writes a paper's report into a folder, and joins the reports of several papers. */
import { mkdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { UserError } from '@winning-tickets/core'
import writeFileAtomic from 'write-file-atomic'
import type { ClaimRecord } from '../claims/types.js'
import { jointPage, paperPage, type Section } from './html.js'
import { plots, renderPlot } from './plot.js'

/** What `results.json` holds: all that a report is made of. */
export interface SavedSection extends Section {
  readonly version: 1
}

/** Writes index.html, the plots as SVG, and results.json; returns the page's path. */
export async function writeReport(section: Section, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const put = (name: string, text: string) => writeFileAtomic(join(folder, name), text)
  for (const plot of plots) await put(`${plot.name}.svg`, await renderPlot(section.results, plot))
  await put('results.json', `${JSON.stringify({ version: 1, ...section } satisfies SavedSection, null, 1)}\n`)
  await put('index.html', await paperPage(section))
  return join(folder, 'index.html')
}

/** @throws UserError if the file is there but is no report of ours; undefined if there is none */
export async function readReport(folder: string): Promise<SavedSection | undefined> {
  const file = join(folder, 'results.json')
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    return undefined
  }
  try {
    const saved = JSON.parse(text) as SavedSection
    if (saved.version === 1 && Array.isArray(saved.claims) && Array.isArray(saved.results.rows)) return saved
  } catch {
    // Falls through to the one sentence below.
  }
  throw new UserError(`${file} is not a report of this version of tickets; delete it and run the bench again.`)
}

/** Joins the reports found in the folders into one page; returns the claims of all, and the folders without a report. */
export async function writeJointReport(folders: readonly string[], page: string) {
  const papers: { title: string; link: string; claims: readonly ClaimRecord[] }[] = []
  const missing: string[] = []
  for (const folder of folders) {
    const saved = await readReport(folder)
    if (!saved) missing.push(basename(dirname(folder)))
    else {
      const link = relative(dirname(page), join(folder, 'index.html'))
      papers.push({ title: saved.results.title, link, claims: saved.claims })
    }
  }
  await mkdir(dirname(page), { recursive: true })
  await writeFileAtomic(page, jointPage(papers))
  return { claims: papers.flatMap(({ claims }) => claims), missing }
}
