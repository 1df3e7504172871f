// Writes the Grafana dashboards from deploy/grafana/src; test/deploy/grafana.test.ts fails when they are stale.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Node 20 runs no TypeScript, and these modules are no part of the product in dist/.
execFileSync('npx', ['tsc', '-p', 'deploy/grafana/tsconfig.json'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
});
const { dashboards, textOf } = await import('../.cache/grafana/dashboards.js');
const folder = new URL('../deploy/grafana/dashboards/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [file, dashboard] of dashboards()) writeFileSync(new URL(file, folder), textOf(dashboard));
