import Sqlite from 'better-sqlite3'
import { migrate } from '../../src/db/sqlite/migrate.ts'
import { migrationsFolder } from '../../src/db/sqlite/open.ts'

/** What opens the installation below. */
export const olderEnvironment = {
  BRIDGE_CLIENT_ID: 'id',
  BRIDGE_CLIENT_SECRET: 'secret',
  MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
}

/** Its keys. That of the site was rotated at `testNow`, with a day of overlap. */
export const olderKeys = {
  site: { key: 'key_0004', secret: '0JiyXAk5nC9Si8CbSauKK68Lg1CZUH0wxE9s_qDuLNA' },
  siteBefore: { key: 'key_0004', secret: 'dZcHo0cvNh7PgiEJl5JrlW_NMGCoWvg72WDLmtoELtE' },
  tenant: { key: 'key_0005', secret: 'njR3I2jE8CB9rUEIKYvmJduVfsY_Q0HuDPTRpA7hFgA' },
  other: { key: 'key_0006', secret: 'cn9UdeswhvMkBwjMF0SPu4ONuNe3-xFjz0KFhFBAQdc' },
}

/** How many migrations the version had that wrote it. */
const migrations = 10

// Written by the version before the hash of a key named its owner, as its rows stood on the disk.
const rows = `
  INSERT INTO instance (id, mode, wrapped_pepper, created_at)
    VALUES (1, 'bridge:a56145270ce6b3bebd1dd012b7394867', x'046d61696ebc5e34250baeb2d7635d490d5a07c9bc5cd0270a5ef5018e44f7354920266753a574c69e256e34a902d12516ea6cf9ccfe1a7274d21227f6e6359037', 1741608300000);
  INSERT INTO data_keys (id, wrapped_key, created_at)
    VALUES ('d1', x'046d61696ec0d2d1161e6184cf7a8d2b0dcf42a593797d8fa2bbc8b4e30c27dda15488b903da0380dfba2cacc4d2fec6d61626bc80fa1a62e901d9c76f80a48134', 1741608300000);
  INSERT INTO tenants (id, name, created_at)
    VALUES ('ten_0001', 'acme', 1741608300000);
  INSERT INTO tenants (id, name, created_at)
    VALUES ('ten_0002', 'other', 1741608300000);
  INSERT INTO sites (id, tenant_id, name, allowed_origins, webhook_secret, time_zone, created_at)
    VALUES ('sit_0003', 'ten_0001', 'erp.acme.test', '[]', x'026431c6d99e912f18e5e759ed3061021808d529d1634884ed1e61df04a125e8d2ea50f591818fdd59b708fe74c1d2983cf8a253eff51ffa181fdbfdfac07c431b96ef2cdceca56cebdeb2540fbf93b989', 'Europe/Paris', 1741608300000);
  INSERT INTO api_keys (api_key, tenant_id, site_id, secret_hash, created_at, previous_secret_hash, previous_secret_until, bridge_version, lists, links)
    VALUES ('key_0004', 'ten_0001', 'sit_0003', x'2b6032e8e93d9d8ab1c8cf46ea657048c975a6c0da03be54f525929117bfa810', 1741608300000, x'06ffc98f63e5cf45eb4eeb5742f73a20be4f9d14e1641204a5258d9fbf9c733e', 1741694700000, '2025-01-15', 'array', 'object');
  INSERT INTO api_keys (api_key, tenant_id, secret_hash, created_at, bridge_version, lists, links)
    VALUES ('key_0005', 'ten_0001', x'a28c63350e792ca1bc842c1c1ca97e238c7866feb6ff5eac10e4986176f1b695', 1741608300000, '2025-01-15', 'array', 'object');
  INSERT INTO api_keys (api_key, tenant_id, secret_hash, created_at, bridge_version, lists, links)
    VALUES ('key_0006', 'ten_0002', x'5425640594ab20a325f1aca72974cbb7dba798686a328caf8689cb7618a24c04', 1741608300000, '2025-01-15', 'array', 'object');
`

/** Puts a database in place as an older version left it: two tenants, a site, three keys. */
export function writeOlderInstallation(path: string): void {
  const client = new Sqlite(path)
  migrate(client, migrationsFolder, undefined, migrations)
  client.exec(rows)
  client.close()
}
