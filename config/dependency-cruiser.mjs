import { mayImport, owners } from './layers.mjs';

const layerRules = Object.entries(mayImport).map(([folder, allowed]) => ({
  name: `layer-${folder}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^(src|test)/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
}));

const ownerRules = Object.entries(owners).map(([name, owner]) => ({
  name: `only-owner-imports-${name}`,
  severity: 'error',
  from: { pathNot: owner },
  to: { path: `node_modules/${name}/` },
}));

export default {
  forbidden: [
    ...layerRules,
    ...ownerRules,
    {
      name: 'unlisted-folder',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(mayImport).join('|')})/` },
      to: {},
    },
    { name: 'grammar-stands-alone', severity: 'error', from: { path: '^grammar/' }, to: { path: '^(src|test)/' } },
    {
      name: 'only-syntax-imports-grammar',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/syntax/' },
      to: { path: '^grammar/' },
    },
    { name: 'src-never-imports-test', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench)/' } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
