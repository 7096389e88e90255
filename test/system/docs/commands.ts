import { version } from '../../../src/version.ts'
import { typedIn } from './guides.ts'

/** What is no command of ours, or no server stands beside: the test that runs it, which reads it from its guide or says it itself. */
export const runBy: Readonly<Record<string, string>> = {
  'npm ci': '.ci/run',
  'npm start': 'test/system/docs/readme.test.ts',
  'npm run bench': 'test/system/docs/bench.test.ts',
  'npm run sandbox': 'test/system/docs/readme.test.ts',
  'curl -i http://127.0.0.1:8081/session/… -d login=success -d password=any':
    'test/system/docs/readme.test.ts',
  [`curl http://127.0.0.1:8081/_sandbox/faults -H 'Content-Type: application/json' -d '{"path": "/v3", "status": 503, "count": 100}'`]:
    'test/system/docs/readme.test.ts',
  'curl -X DELETE http://127.0.0.1:8081/_sandbox/faults': 'test/system/docs/readme.test.ts',
  "curl -H 'Authorization: token API_KEY:API_SECRET' https://bank-api.example/api/method/frappe.auth.get_logged_user":
    'test/system/docs/readme.test.ts',
  'npm run conformance -- --sandbox': 'test/system/e2e/conformance.test.ts',
  'docker build -t bank-api .': 'test/system/docs/image.test.ts', // each step of it
  'bank-api apply hosted.json --dry-run': 'test/system/docs/hosting.test.ts',
  'bank-api apply hosted.json --secrets secrets-2027-01-31.jsonl':
    'test/system/docs/hosting.test.ts',
  'bank-api backup verify FILE': 'test/system/docs/backups.test.ts',
  'bank-api backup --to /mnt/other': 'test/system/docs/backups.test.ts',
  'bank-api restore /mnt/other/bank-api-2026-03-17T02-00-00Z.sqlite':
    'test/system/docs/backups.test.ts',
  'bank-api restore FILE --disable-tenants': 'test/system/docs/backups.test.ts',
  'bank-api key revoke KEY': 'test/system/docs/backups.test.ts',
  'bank-api tenant enable TENANT': 'test/system/docs/backups.test.ts',
  'bank-api backup verify FILE --allow-unsigned': 'test/system/docs/backups.test.ts',
  'bank-api restore FILE --allow-unsigned': 'test/system/docs/backups.test.ts',
  'bank-api backup verify /tmp/restored.sqlite --allow-unsigned':
    'test/system/docs/backups.test.ts',
  'bank-api restore /tmp/restored.sqlite --allow-unsigned': 'test/system/docs/backups.test.ts',
  'bank-api restore /data/backups/bank-api-before-migration-0006.sqlite':
    'test/system/docs/backups.test.ts',
  'bank-api import users.csv --tenant acme --dry-run': 'test/system/docs/backups.test.ts',
  'bank-api import users.csv --tenant acme': 'test/system/docs/backups.test.ts',
  ...Object.fromEntries(
    typedIn('docs/postgresql.md').map((command) => [
      command,
      'test/system/docs/postgresql.test.ts',
    ]),
  ),
  "sed 's#https://docs.example#https://git.example/bank-api/src/branch/main/docs#' docs/alerts.yml > bank-api.alerts.yml":
    'test/system/docs/alerts.test.ts',
  [`VERSION=${version}`]: 'test/system/docs/packaging.test.ts',
  'tar xzf release/bank-api-$VERSION-linux-x64.tar.gz -C /opt':
    'test/system/docs/packaging.test.ts',
  'ln -sfn /opt/bank-api-$VERSION-linux-x64 /opt/bank-api': 'test/system/docs/packaging.test.ts',
  'install -d -m 700 /etc/bank-api/secrets': 'test/system/docs/packaging.test.ts',
  'openssl rand -base64 32 > /etc/bank-api/secrets/master_key':
    'test/system/docs/packaging.test.ts',
  'install -m 644 /opt/bank-api/bank-api.service /etc/systemd/system/':
    'test/system/docs/packaging.test.ts',
  ...Object.fromEntries(
    typedIn('docs/docker.md')
      .filter((command) => /^(?:useradd|systemctl|C=|systemd-run) ?/.test(command))
      .map((command) => [command, 'test/system/proof/systemd.long.ts']),
  ),
}

const noDocker = 'no Docker daemon runs where the tests do; image.test.ts runs what the image does'
const noBench = 'Frappe’s bench is not installed where the tests run'
const ofRelease = 'typed by who replaces the program that fixtures hold, from a clean checkout'

const listened =
  'its words are run by test/system/e2e/listen.test.ts, against a server with another address'

/** What no test runs, by name, with the reason. */
export const notRun: Readonly<Record<string, string>> = {
  'docker compose up -d': noDocker,
  'docker compose exec bank-api bank-api tenant create acme': noDocker,
  'docker compose exec bank-api bank-api doctor': noDocker,
  'docker compose stop bank-api': noDocker,
  'docker compose run --rm --no-deps bank-api bank-api restore /backups/bank-api-2026-03-17T02-00-00Z.sqlite':
    noDocker,
  'docker compose start bank-api': noDocker,
  'docker run -d --name bank-api -p 127.0.0.1:8080:8080 -v bank-api:/data --stop-timeout 40 --memory 1g -e NODE_OPTIONS=--max-old-space-size=640 --env-file bank-api.env bank-api':
    noDocker,
  'until curl -sf http://127.0.0.1:8080/ready; do sleep 1; done': noDocker,
  'docker exec bank-api bank-api tenant create acme': noDocker,
  'bench --site erp.acme.example set-config bank_connector_url https://bank-api.example': noBench,
  'bench --site erp.acme.example set-config bank_connector_key key_…': noBench,
  'bench --site erp.acme.example set-config bank_connector_secret …': noBench,
  'litestream restore -o /tmp/restored.sqlite /data/bank-api.sqlite':
    'no package brings Litestream to where the tests run; a file as it makes one is restored',
  'export BANK_CONNECTOR_KEY=key_… BANK_CONNECTOR_SECRET=…': listened,
  'bank-api webhook listen --url https://bank-api.example --forward-to http://localhost:8000/hook':
    listened,
  'export BRIDGE_CLIENT_ID=… BRIDGE_CLIENT_SECRET=…':
    'only who has an application at Bridge has these',
  'npm run --silent conformance > report.md':
    'it needs Bridge; test/system/e2e/conformance.test.ts asks our own sandbox instead',
  'bank-api explain req_6mwdflm2ygdw': 'an example of an answer, with ids of its own',
  'npx vitest run --config test/vitest.config.ts test/contract/wire/bytes.test.ts -u':
    'it would write the golden bytes instead of comparing them',
  'git diff test/contract/wire/bytes': 'it shows a change that is at hand',
  'npx rolldown src/server.ts --dir dist --platform node --format esm --external better-sqlite3 --minify':
    ofRelease,
  'tar -czf before.tar.gz package.json dist drizzle/postgres': ofRelease,
}
