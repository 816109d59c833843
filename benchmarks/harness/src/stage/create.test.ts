/** Ids: golden values from an independent computation, and what does and does not change them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createStage } from './create.js'
import { canonicalJson } from './json.js'
import type { Identity, StageKind } from './types.js'

interface Config {
  readonly rate: number
  readonly layers: readonly number[]
  readonly name: string
}

function makeKind(identity: Identity = {}, semantics: Readonly<Record<string, number>> = { order: 1 }) {
  return {
    name: 'toy',
    schema: z.strictObject({
      rate: z.number().default(0.1),
      layers: z.array(z.number()).default([300, 100]),
      name: z.string().default('größe'),
    }),
    semantics,
    identity: () => identity,
    cost: () => ({ steps: 1, seconds: 1 }),
    run: async () => ({ result: {} }),
  } satisfies StageKind<Config, Partial<Config>>
}

// printf '%s' '<canonical JSON>' | sha256sum, with the JSON written by hand.
const GOLDEN = 'c0b045d124971154ed305d8541e3e04f0e740b5666624a03954f502dc9c4ee15'
const GOLDEN_CHILD = 'b863905ee81699bf14886c84058b5e019bba8bdc20635142079cecf6d27022de'

describe('stage id', () => {
  test('is the SHA-256 of the canonical JSON with defaults written out', async () => {
    const parent = await createStage(makeKind({ dataHash: 'd0', traceHashes: { train: 't0' } }), {})
    expect(parent.id).toBe(GOLDEN)
    expect(parent.config).toEqual({ layers: [300, 100], name: 'größe', rate: 0.1 })
    const child = await createStage(makeKind(), { rate: 1e21 }, { inputs: { ticket: parent } })
    expect(child.id).toBe(GOLDEN_CHILD)
  })

  test('is the same for defaults, key order and labels', async () => {
    const kind = makeKind()
    const ids = await Promise.all([
      createStage(kind, {}),
      createStage(kind, { rate: 0.1, layers: [300, 100] }),
      createStage(kind, { layers: [300, 100], rate: 0.1 }, { label: 'another' }),
      createStage(makeKind({}, { order: 1 }), {}),
    ])
    expect(new Set(ids.map(({ id }) => id)).size).toBe(1)
  })

  test('changes with kind, config, inputs, data, traced graph and semantics', async () => {
    const kind = makeKind()
    const base = await createStage(kind, {})
    const other = await createStage(kind, { rate: 0.2 })
    const stages = [
      base,
      other,
      await createStage({ ...kind, name: 'toy2' }, {}),
      await createStage(kind, { layers: [100, 300] }),
      await createStage(kind, {}, { inputs: { from: base } }),
      await createStage(kind, {}, { inputs: { from: other } }),
      await createStage(kind, {}, { inputs: { ticket: base } }),
      await createStage(makeKind({ dataHash: 'a' }), {}),
      await createStage(makeKind({ dataHash: 'b' }), {}),
      await createStage(makeKind({ traceHashes: { train: 'a' } }), {}),
      await createStage(makeKind({ traceHashes: { train: 'b' } }), {}),
      await createStage(makeKind({}, { order: 2 }), {}),
      await createStage(makeKind({}, { order: 1, topK: 1 }), {}),
    ]
    expect(new Set(stages.map(({ id }) => id)).size).toBe(stages.length)
  })

  test('a config that does not fit is one sentence that names the setting', async () => {
    const misspelt: object = { ratte: 1 }
    await expect(createStage(makeKind(), misspelt)).rejects.toThrow(/^Correct the config of the toy stage .*ratte.*\.$/)
  })
})

describe('canonical JSON', () => {
  test('sorts by UTF-16 code units and writes the shortest numbers, as RFC 8785 section 3.2 shows', () => {
    const sample = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    }
    expect(canonicalJson(sample, 'it')).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
  })

  test('survives a round trip, whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse())
        const text = canonicalJson(value, 'it')
        expect(canonicalJson(reversed, 'it')).toBe(text)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test.each([
    ['a.b', { a: { b: Number.NaN } }],
    ['a', { a: undefined }],
    ['a.0', { a: [Number.POSITIVE_INFINITY] }],
    ['w', { w: new Float32Array(2) }],
    ['when', { when: new Date(0) }],
  ])('refuses what JSON would lose (%s)', (path, value) => {
    expect(() => canonicalJson(value, 'The result')).toThrow(`its "${path}"`)
  })
})
