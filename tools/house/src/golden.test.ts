/** Host-side rules changed in copies, without raising their integers: the golden tests fail, and name the rule. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCopy, workshop } from './copies/copy.js'
import { type Outcome, outcomes } from './copies/golden.js'
import { type PackageName, packages } from './copies/sources.js'
import { brokenKinds, hostRules } from './host-rules.js'
import { coreRules } from './meanings.js'

const rulesTest = 'packages/core/src/semantics.test.ts'
const kindsTests = ['benchmarks/imp/src', 'benchmarks/sanity/src', 'benchmarks/harness/src/kinds'].map(
  (folder) => `${folder}/golden.test.ts`,
)
const ruleCopy = (broken: (typeof hostRules)[number]): string => `rule-${hostRules.indexOf(broken)}`
const kindCopy = (broken: (typeof brokenKinds)[number]): string => `kind-${brokenKinds.indexOf(broken)}`

const { folder, remove } = workshop()
let found: Readonly<Record<string, Outcome | undefined>>
const failures = (copy: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(found[copy]!).flatMap(([title, message]) => (message === undefined ? [] : [[title, message]])),
  )

beforeAll(async () => {
  const all = Object.keys(packages) as PackageName[]
  await makeCopy(folder, 'untouched', { copied: all, tests: kindsTests })
  const derived = { base: 'untouched' }
  const core = { ...derived, copied: ['core'], tests: [rulesTest] } as const
  await makeCopy(folder, 'untouched-core', core)
  for (const broken of hostRules) await makeCopy(folder, ruleCopy(broken), { ...core, edits: [broken.edit] })
  const copied = all.filter((name) => name !== 'jit')
  for (const broken of brokenKinds) {
    await makeCopy(folder, kindCopy(broken), { ...derived, copied, tests: kindsTests, edits: [broken.edit] })
  }
  found = await outcomes(folder)
}, 900_000)
afterAll(remove)

it.each(['untouched', 'untouched-core'])('the golden tests of %s code pass', (copy) => {
  expect(failures(copy)).toEqual({})
  expect(Object.keys(found[copy]!).length).toBeGreaterThan(7)
})

it('every rule of coreSemantics is among those broken here', () => {
  expect(new Set(hostRules.map(({ rule }) => rule))).toEqual(new Set(Object.keys(coreRules)))
  expect(Object.keys(found['untouched-core']!)).toEqual(expect.arrayContaining(Object.keys(coreRules)))
})

describe.each(hostRules)('$rule: $title', (broken) => {
  const { rule, also = [] } = broken

  it('fails the test that says to raise it', () => {
    expect(failures(ruleCopy(broken))[rule]).toContain(`raise coreSemantics.${rule} and pin the new digest`)
  })

  it('fails no test of a rule that stands on its own', () => {
    const failed = Object.keys(failures(ruleCopy(broken))).filter((title) => title in coreRules)
    expect(failed.sort()).toEqual([rule, ...also].sort())
  })
})

describe.each(brokenKinds)('$kind: $title', (broken) => {
  it('fails golden stages of the kind, which say what to raise', () => {
    const failed = failures(kindCopy(broken))
    expect(Object.keys(failed)).toEqual(broken.stages)
    for (const message of Object.values(failed)) {
      expect(message).toContain(`a stage of the kind "${broken.kind}"`)
      expect(message).toContain(broken.raise)
    }
  })
})
