/** The made-up data set: the same bytes everywhere, balanced, labelled as made up, and learnable but not at a glance. */
import { createEngine } from '@winning-tickets/jit'
import { expect, test } from 'vitest'
import {
  classificationTask,
  denseTicket,
  loadDataset,
  model,
  recipe,
  splitDataset,
  train,
  verifyDataset,
} from '../index.js'

const nowhere = { env: { XDG_CACHE_HOME: '/nowhere' }, systemFolder: '/nowhere', offline: true }

test('is made without any file, says that it is made up, and has as many examples of each class', async () => {
  const dataset = await loadDataset('synthetic-32x32', nowhere)
  expect(dataset.name).toMatch(/^synthetic/)
  expect(dataset.title).toMatch(/^Synthetic/)
  expect(dataset.note).toContain('not a real data set')
  expect(dataset.source).toBe('(made by the program)')
  for (const part of [dataset.train, dataset.test]) {
    expect(part.images).toHaveLength(part.count * 32 * 32 * 3)
    for (let label = 0; label < 10; label++) {
      expect(part.labels.filter((other) => other === label)).toHaveLength(part.count / 10)
    }
  }
  expect(await verifyDataset('synthetic-32x32', nowhere)).toBe('(made by the program)')
})

test('a small network learns it from 3,000 images, far above chance and below perfection', async () => {
  const dataset = await loadDataset('synthetic-32x32', nowhere)
  const network = model('lenet-300-100', { inputShape: [32, 32, 3], hidden: [100], classes: 10 })
  const result = await train({
    model: network,
    task: classificationTask(splitDataset(dataset, { validation: 1000 }), { mean: [0.5], std: [0.25] }),
    ticket: denseTicket(network, 1),
    recipe: recipe({ optimizer: { name: 'adam' }, learningRate: 1e-3, iterations: 250, batchSize: 60 }),
    seed: 1,
    engine: await createEngine(),
  })
  const { accuracy } = result.final.metrics.test
  expect(accuracy).toBeGreaterThan(0.4)
  expect(accuracy).toBeLessThan(0.9)
})
