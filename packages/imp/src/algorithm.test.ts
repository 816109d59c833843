/** The algorithm in a lab that only writes down what it is asked to do. */
import { expect, test } from 'vitest'
import { iterativeMagnitudePruning, type Lab, type Plan, type Start } from './index.js'

/** References are lines of a plan: "t0" the first training, "m1" the second pruning. */
function planned(plan: Plan): string[] {
  const lines: string[] = []
  const start = ({ mask, from }: Start<string, string>): string => {
    const under = mask ? ` under ${mask}` : ''
    if (from === 'init') return `from init${under}`
    if ('continueFrom' in from) return `on from ${from.continueFrom}${under}`
    return `from ${from.trained}@${from.rewindTo}${under}`
  }
  const lab: Lab<string, string> = {
    train(given, keep) {
      const name = `t${lines.filter((line) => line.startsWith('t')).length}`
      lines.push(`${name} = train ${start(given)}${keep ? ` keep ${keep}` : ''}`)
      return name
    },
    prune(trained, mask, target) {
      const name = `m${lines.filter((line) => line.startsWith('m')).length}`
      lines.push(`${name} = prune ${trained} within ${mask} to ${target.scope === 'global' && target.density}`)
      return name
    },
  }
  const levels = iterativeMagnitudePruning(lab, plan)
  expect(levels.map(({ level }) => level)).toEqual([0, ...plan.targets.map((_, i) => i + 1)])
  expect(new Set(levels.map(({ trained }) => trained)).size).toBe(levels.length)
  return lines
}

const targets = [0.8, 0.64].map((density) => ({ scope: 'global', density }) as const)

test('Strategy 1: train, prune the trained ticket, reset, repeat', () => {
  expect(planned({ strategy: 'iterative', targets, rewindTo: 0 })).toEqual([
    't0 = train from init',
    'm0 = prune t0 within undefined to 0.8',
    't1 = train from init under m0',
    'm1 = prune t1 within m0 to 0.64',
    't2 = train from init under m1',
  ])
})

test('rewinding: survivors go back to step k of the dense network', () => {
  expect(planned({ strategy: 'iterative', targets, rewindTo: 50 })).toEqual([
    't0 = train from init keep 50',
    'm0 = prune t0 within undefined to 0.8',
    't1 = train from t0@50 under m0',
    'm1 = prune t1 within m0 to 0.64',
    't2 = train from t0@50 under m1',
  ])
})

test('one-shot: every level is cut from the dense network', () => {
  expect(planned({ strategy: 'one-shot', targets, rewindTo: 0 })).toEqual([
    't0 = train from init',
    'm0 = prune t0 within undefined to 0.8',
    't1 = train from init under m0',
    'm1 = prune t0 within undefined to 0.64',
    't2 = train from init under m1',
  ])
})

test('Strategy 2: rounds train on from the trained weights, tickets are reset', () => {
  expect(planned({ strategy: 'continued', targets, rewindTo: 0 })).toEqual([
    't0 = train from init',
    'm0 = prune t0 within undefined to 0.8',
    't1 = train from init under m0',
    't2 = train on from t0 under m0',
    'm1 = prune t2 within m0 to 0.64',
    't3 = train from init under m1',
  ])
})
