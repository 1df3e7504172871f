// Writes what is made from the configuration's schema; test/config/reference.test.ts fails when it is stale.
import { writeFileSync } from 'node:fs';
import { configJsonSchema, configReference } from '../dist/config/reference.js';

writeFileSync(new URL('../config/forewarn.schema.json', import.meta.url), configJsonSchema());
writeFileSync(new URL('../docs/configuration.md', import.meta.url), configReference());
