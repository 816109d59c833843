/**
 * What stage ids depend on, on copies of the code itself: a refactor keeps them all, a change of what is computed changes
 * those of exactly the stages that use it and of those that stand on them, and so does raising the integer of a host rule.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCopy, workshop } from './copies/copy.js'
import { edit } from './copies/edit.js'
import type { Plans } from './copies/plans.child.js'
import { differences, idsOf, plansOf } from './copies/plans.js'
import { turnedRound } from './copies/refactor.js'
import { type PackageName, packages } from './copies/sources.js'
import { brokenKinds, hostRules } from './host-rules.js'
import { bumps, type Change, meanings, orders } from './meanings.js'
import { harmless } from './refactors.js'

const all = Object.keys(packages) as PackageName[]
const allButJit = all.filter((name) => name !== 'jit')
const changes: readonly Change[] = [...meanings, ...orders, ...bumps]
const copyOf = (change: Change): string => `change-${changes.indexOf(change)}`

const { folder, remove } = workshop()
let planned: Readonly<Record<string, Plans | undefined>>
const plans = (name: string): Plans => planned[name]!

beforeAll(async () => {
  await makeCopy(folder, 'untouched', { copied: all })
  const derived = { copied: allButJit, base: 'untouched' }
  for (const change of changes) await makeCopy(folder, copyOf(change), { ...derived, edits: [change.edit] })
  // All at once: none of them may change an id.
  await makeCopy(folder, 'host-rules', { ...derived, edits: [...hostRules, ...brokenKinds].map(({ edit }) => edit) })
  const refactored = { copied: all, rework: turnedRound }
  await makeCopy(folder, 'refactored', { ...refactored, edits: harmless })
  await makeCopy(folder, 'refactored-and-changed', {
    ...refactored,
    copied: allButJit,
    base: 'refactored',
    edits: [edit('packages/core/src/recipes/sgd.ts', 'slope.mul(learningRate!)', 'slope.mul(learningRate!).mul(2)')],
  })
  const [first, second] = await Promise.all([
    plansOf(folder, ['untouched', ...changes.map(copyOf), 'host-rules']),
    plansOf(folder, ['refactored', 'refactored-and-changed']),
  ])
  planned = { ...first, ...second }
}, 600_000)
afterAll(remove)

describe('a refactor', () => {
  it('renames every file, and reorders imports, functions, keys and independent lines', () => {
    const files = (name: string): string[] =>
      all.flatMap((each) =>
        readdirSync(join(folder, name, packages[each], 'dist'), { recursive: true, encoding: 'utf8' }),
      )
    const kept = files('refactored').filter((file) => file.endsWith('.js') && files('untouched').includes(file))
    expect(files('refactored').length).toBe(files('untouched').length)
    // The entries of the packages, which their package.json files name.
    expect(kept).toEqual(all.map(() => 'index.js'))
  })

  it('keeps every stage id of every profile', () => {
    const before = plans('untouched')
    expect(Object.keys(before)).toEqual(expect.arrayContaining(['smoke', 'small', 'paper']))
    expect(idsOf(before).length).toBeGreaterThan(200)
    expect(plans('refactored')).toEqual(before)
  })

  it('hides no change: with one constant of SGD changed, the stages that use SGD have other ids', () => {
    const changed = differences(plans('untouched'), plans('refactored-and-changed')).filter(
      ({ idChanged }) => idChanged,
    )
    expect(new Set(changed.map(({ where }) => where.replace(/ \d+$/, '')))).toEqual(new Set(['sgd', 'sgd with decay']))
  })
})

describe.each(changes)('$title', (change) => {
  const found = () => differences(plans('untouched'), plans(copyOf(change)))

  it('changes the meaning of exactly the stages that use it', () => {
    const different = found().filter(({ parts }) => parts.length > 0)
    expect(different.map(({ where }) => where)).toEqual(
      found()
        .filter(({ stage }) => change.uses(stage))
        .map(({ where }) => where),
    )
    expect(different.length).toBeGreaterThan(0)
    for (const { where, parts } of different) expect(parts, where).toEqual(change.parts)
  })

  it('changes the ids of exactly these and of those that stand on them', () => {
    for (const { where, idChanged, parts, inputChanged } of found()) {
      expect(idChanged, where).toBe(parts.length > 0 || inputChanged)
    }
  })
})

it('leaves other stages alone: most changes keep some ids', () => {
  const keeping = changes.filter((change) =>
    differences(plans('untouched'), plans(copyOf(change))).some(({ idChanged }) => !idChanged),
  )
  // All but those of what every run has: network, loss, pixels, host rules of every run.
  expect(keeping.map(({ title }) => title)).toEqual(
    changes
      .filter(({ uses }) => Object.values(plans('untouched')).some(([dense]) => !uses(dense!)))
      .map(({ title }) => title),
  )
})

it('host rules do not show in ids by themselves, which is why golden tests guard them', () => {
  expect(idsOf(plans('host-rules'))).toEqual(idsOf(plans('untouched')))
})
