import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Tests resolve the workspace's packages to their TypeScript sources (the `source` condition of their exports). */
export default defineConfig({
  resolve: { conditions: ['source', 'node', 'import', 'module', 'default'] },
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'module', 'default'] } },
  test: {
    // Importing TensorFlow.js, ONNX Runtime and the packages anew for every file would take half of the time.
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['src/**/*.test.ts'],
          exclude: ['src/**/*.isolated.test.ts'],
          isolate: false,
        },
      },
      // For files that replace modules, or that need a process in which nothing ran before them.
      { extends: true, test: { name: 'isolated', include: ['src/**/*.isolated.test.ts'] } },
    ],
    setupFiles: [fileURLToPath(new URL('vitest.setup.ts', import.meta.url))],
    // For a test that hangs, not for one on a slow machine.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    passWithNoTests: false,
  },
})
