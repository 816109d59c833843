/** The tools that change copies do what they say, and say so when they cannot. */
import { describe, expect, it } from 'vitest'
import { makeCopy, workshop } from './copy.js'
import { edit, edited } from './edit.js'
import { reordered, turnedRound } from './refactor.js'

describe('edits', () => {
  it('replace their text, in their file', () => {
    expect(edited('a.ts', 'x = 1\ny = 2', [edit('a.ts', '1', '3'), edit('b.ts', 'y', 'z')])).toBe('x = 3\ny = 2')
  })

  it.each([
    ['twice', 'x = 1\ny = 1', edit('a.ts', ' = 1', ' = 2')],
    ['not at all', 'x = 2', edit('a.ts', ' = 1', ' = 2')],
    ['to no effect', 'x = 1', edit('a.ts', ' = 1', ' = 1')],
  ])('that fit %s say what to update', (_, text, stale) => {
    expect(() => edited('a.ts', text, [stale])).toThrow(
      /copy of a\.ts .*" = 1".* update that edit under tools\/house\/src/,
    )
  })

  it('of a file that is not copied are refused', async () => {
    const { folder, remove } = workshop()
    const edits = [edit('packages/jit/src/gone.ts', 'a', 'b')]
    await expect(makeCopy(folder, 'copy', { copied: ['jit'], edits })).rejects.toThrow(
      'no source packages/jit/src/gone.ts',
    )
    remove()
  })
})

describe('the refactor', () => {
  it('reorders imports, re-exports and functions, and nothing else', () => {
    const script = `import { a } from "a";
import { b } from "b";
const first = a;
export function f() {
	return b;
}
const second = first;
async function g() {
	if (second) {
		return f();
	}
}
export * from "./c.js";
export { d } from "./d.js";`
    expect(reordered(script)).toBe(`import { b } from "b";
import { a } from "a";
const first = a;
async function g() {
	if (second) {
		return f();
	}
}
const second = first;
export function f() {
	return b;
}
export { d } from "./d.js";
export * from "./c.js";`)
  })

  it('renames files and folders, and the paths to them', () => {
    const scripts = new Map([
      ['index.js', 'export * from "./x/y.js";'],
      ['x/y.js', 'import "../z.js";\nimport "zod";'],
      ['z.js', 'new URL("../../data/", import.meta.url);'],
    ])
    expect([...turnedRound(scripts)]).toEqual([
      ['index.js', 'export * from "./x-moved/y-moved.js";'],
      ['x-moved/y-moved.js', 'import "zod";\nimport "../z-moved.js";'],
      ['z-moved.js', 'new URL("../../data/", import.meta.url);'],
    ])
  })
})
