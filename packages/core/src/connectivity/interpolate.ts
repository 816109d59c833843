/** Points on the straight line between two networks. */
import { UserError } from '../errors.js'
import type { Weights } from '../models/index.js'

/** Where a line is looked at: `points` evenly spaced between its ends, and both ends; ascending from 0 to 1. */
export function lineOf(points: number): number[] {
  if (!Number.isInteger(points) || points < 1) {
    throw new UserError(`A line cannot be looked at in ${points} points; ask for a whole number of at least 1.`)
  }
  return Array.from({ length: points + 2 }, (_, i) => i / (points + 1))
}

/**
 * alpha * first + (1 - alpha) * second, in float64 and rounded once: at 1 and 0 the ends bit for bit, and between two equal
 * networks the same network.
 *
 * @throws UserError if the two have not the same parameters
 */
export function interpolate(first: Weights, second: Weights, alpha: number): Weights {
  const wrong = [...new Set([...Object.keys(first), ...Object.keys(second)])].filter(
    (name) => first[name]?.length !== second[name]?.length,
  )
  if (wrong.length > 0) {
    throw new UserError(`There is no line between these networks: they differ in ${wrong.join(', ')}.`)
  }
  return Object.fromEntries(
    Object.entries(first).map(([name, values]) => {
      const other = second[name]!
      return [name, values.map((value, i) => alpha * value + (1 - alpha) * other[i]!)]
    }),
  )
}
