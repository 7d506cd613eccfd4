import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../graph/schema/*.graphqls',
  documents: ['src/**/*.graphql'],
  generates: {
    'src/graphql/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: 'string',
        enumsAsTypes: true,
        strictScalars: true,
        useTypeImports: true,
        scalars: {
          Uint64: 'string',
          Int64: 'string',
          DateTime: 'string',
          Duration: 'string',
          Row: 'readonly (string | number | boolean | null)[]',
        },
      },
    },
  },
};

export default config;
