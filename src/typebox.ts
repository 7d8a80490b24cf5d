/**
 * The copy of `typebox` that a built host shares with connector files: bundled into one file, because the package's 700 modules take
 * longer to load than everything else together.
 */
export * from 'typebox'
export { default } from 'typebox'
