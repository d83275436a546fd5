// Writes grammar/diagrams.html: railroad diagrams of every rule, one page that needs no network. With --check it only says
// whether the page is what the grammar gives.
import { createSyntaxDiagramsCode } from 'chevrotain';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { productions } from '../dist/grammar/parser.js';

const folder = join(dirname(createRequire(import.meta.url).resolve('chevrotain')), '../../diagrams');
const page = new URL('../grammar/diagrams.html', import.meta.url);
const inlined = (path) => readFileSync(join(folder, path.replace(/^.*?diagrams\//, '')), 'utf8');

const html = createSyntaxDiagramsCode(productions(), { resourceBase: 'diagrams/', css: 'diagrams/diagrams.css' })
  .replace(/<link rel='stylesheet' href='([^']*)'>/g, (_, path) => `<style>${inlined(path)}</style>`)
  .replace(/<script src='([^']*)'><\/script>/g, (_, path) => `<script>${inlined(path)}</script>`)
  .replace('<meta charset="utf-8">', '<meta charset="utf-8"><title>Millrace SQL</title>');
if (/(src|href)='[^']*\/\/|https?:\/\/unpkg/.test(html)) throw new Error('the page is not self-contained');
if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== html) {
    console.error('grammar/diagrams.html is not what the grammar gives: npm run diagrams');
    process.exit(1);
  }
} else {
  writeFileSync(page, html);
  console.log(`grammar/diagrams.html: ${Math.round(html.length / 1024)} KiB`);
}
