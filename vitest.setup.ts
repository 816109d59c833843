/**
 * Before every test file: property tests draw the same examples in every run, so that a run says something about the code
 * and not about its luck. FC_SEED=random explores, FC_SEED=<n> repeats what a failure printed.
 */
import fc from 'fast-check'

const { FC_SEED } = process.env
const seed =
  FC_SEED === undefined || FC_SEED === '' ? 20_190_306 : FC_SEED === 'random' ? Date.now() % 2 ** 31 : Number(FC_SEED)
if (!Number.isInteger(seed)) throw new Error(`FC_SEED is "${FC_SEED}"; give a whole number, or "random".`)

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })
