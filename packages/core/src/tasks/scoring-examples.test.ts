/** Examples for scores: class-balanced, without repetition, as the objective sees them. */
import { createEngine, type tf } from '@winning-tickets/jit'
import { describe, expect, test } from 'vitest'
import {
  classificationTask,
  initialWeights,
  type Model,
  model,
  patternedData,
  streams,
  type TensorRecord,
} from '../index.js'

const data = patternedData([4, 4, 3], 3, 60)
const normalisation = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] }
const task = classificationTask(data, normalisation)
const from = streams(5)

describe('scoring examples', () => {
  test('a number of each class, time by time, a class after the other', () => {
    const { indices, labels } = task.scoringExamples!(from, { perClass: 2 }, 3)
    expect(new Set(indices).size).toBe(18)
    expect([...labels]).toEqual([0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2])
    expect([...labels]).toEqual([...indices].map((i) => data.splits.train.labels[i]))
    expect(task.scoringExamples!(streams(6), { perClass: 2 }, 3).indices).not.toEqual(indices)
    expect(task.scoringExamples!(streams(5), { perClass: 2 }, 3).indices).toEqual(indices)
  })

  test('a batch of any, and no more than there are', () => {
    const { indices } = task.scoringExamples!(from, { batch: 60 })
    expect([...indices].sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i))
    expect(() => task.scoringExamples!(from, { batch: 61 })).toThrow('on 61 examples: there are 60; ask for fewer')
    expect(() => task.scoringExamples!(from, { perClass: 21 })).toThrow('class 0 has 20; ask for at most that many')
  })

  test('augmentation is left out', () => {
    const augmented = classificationTask(data, { ...normalisation, augment: { flip: true } })
    expect(augmented.scoringExamples!(from, { batch: 7 })).toEqual(task.scoringExamples!(from, { batch: 7 }))
  })

  test('inputs are, bit for bit, what the model is given', async () => {
    const network = model('conv-2', { inputShape: [4, 4, 3], classes: 3, widthMultiplier: 1 / 16 })
    let seen: tf.Tensor | undefined
    const spy: Model = {
      ...network,
      apply(parameters, x, mode) {
        seen = x
        return network.apply(parameters, x, mode)
      },
    }
    for (const each of [task, classificationTask(data)]) {
      const { batch, inputs } = each.scoringExamples!(from, { batch: 9 })
      const scoring = each.objective.scoring!
      const engine = await createEngine()
      const graph = await engine.compile(
        ({ parameters, batch: given }) => {
          scoring.loss(spy, parameters as TensorRecord, given as TensorRecord, { training: false, temperature: 1 })
          return { seen: seen! }
        },
        {
          parameters: Object.fromEntries(
            network.parameters.map(({ name, shape }) => [name, { shape, dtype: 'float32' }]),
          ),
          batch: scoring.inputs(9),
        },
      )
      const out = await graph.run({ parameters: initialWeights(network, 1), batch })
      expect(inputs).toEqual(out.seen)
      await engine.dispose()
    }
  })
})
