// @ts-check

/**
 * What `alter role ... set` says for each role that a request may run as, such as statement_timeout. These
 * settings apply at login only, so the gateway, like PostgREST, applies them itself when it becomes a role.
 *
 * @param {import("postgres").Sql<any>} sql
 * @returns {Promise<Map<string, [name: string, value: string][]>>}
 */
export async function readRoleSettings(sql) {
  const rows = await sql`
    select r.rolname as role, split_part(s.setting, '=', 1) as name,
      substr(s.setting, strpos(s.setting, '=') + 1) as value
    from pg_catalog.pg_auth_members as m
    join pg_catalog.pg_roles as r on r.oid = m.roleid
    cross join unnest(r.rolconfig) as s (setting)
    join pg_catalog.pg_settings as g on g.name = split_part(s.setting, '=', 1) and g.context = 'user'
    where m.member = 'authenticator'::regrole
  `;
  /** @type {Map<string, [string, string][]>} */
  const settings = new Map();
  for (const { role, name, value } of rows) {
    settings.set(role, [...(settings.get(role) ?? []), [name, value]]);
  }
  return settings;
}
