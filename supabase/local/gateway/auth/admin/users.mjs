// @ts-check
import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { bannedUntil, isTooShort, passwordHash, unusableHash } from "./attributes.mjs";
import { AdminProblem, EMAIL_EXISTS, invalid, notFound } from "./problems.mjs";

/** @typedef {import("kysely").Kysely<any>} Database */
/** @typedef {import("./attributes.mjs").Attributes} Attributes */

/** A user as Auth shows it, from auth.users as u. */
const USER_JSON = sql`
  json_strip_nulls(json_build_object(
    'id', u.id, 'aud', u.aud, 'role', u.role, 'email', coalesce(u.email, ''), 'phone', coalesce(u.phone, ''),
    'email_confirmed_at', u.email_confirmed_at, 'confirmed_at', u.confirmed_at, 'invited_at', u.invited_at,
    'confirmation_sent_at', u.confirmation_sent_at, 'recovery_sent_at', u.recovery_sent_at,
    'last_sign_in_at', u.last_sign_in_at, 'banned_until', u.banned_until, 'deleted_at', u.deleted_at,
    'is_anonymous', u.is_anonymous, 'created_at', u.created_at, 'updated_at', u.updated_at
  ))::jsonb || jsonb_build_object(
    'app_metadata', coalesce(u.raw_app_meta_data, '{}'), 'user_metadata', coalesce(u.raw_user_meta_data, '{}'),
    'identities', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id, 'identity_data', i.identity_data,
        'provider', i.provider, 'last_sign_in_at', i.last_sign_in_at, 'created_at', i.created_at,
        'updated_at', i.updated_at, 'email', i.email
      ) order by i.created_at), '[]')
      from auth.identities as i where i.user_id = u.id
    )
  ) as user
`;

/**
 * A page of users, the newest first, and how many there are.
 *
 * @param {Database} db
 * @param {{page: number, perPage: number}} range `page` counts from 1.
 */
export async function listUsers(db, { page, perPage }) {
  const { rows } = await sql`
    select ${USER_JSON} from auth.users as u
    where u.deleted_at is null
    order by u.created_at desc, u.id limit ${perPage} offset ${(page - 1) * perPage}
  `.execute(db);
  const total = await sql`select count(*) as total from auth.users where deleted_at is null`.execute(db);
  return { users: rows.map(userOf), total: Number(Reflect.get(Object(total.rows[0]), "total")) };
}

/**
 * @param {Database} db
 * @param {string} id
 */
export async function getUser(db, id) {
  const { rows } = await sql`select ${USER_JSON} from auth.users as u where u.id = ${id}`.execute(db);
  if (rows.length === 0) throw notFound();
  return userOf(rows[0]);
}

/**
 * A new user with an e-mail identity. Without a password nobody can sign in as them.
 *
 * @param {Database} db
 * @param {Attributes} attributes
 */
export async function createUser(db, attributes) {
  const { email } = attributes;
  if (!email) throw invalid("Cannot create a user without either an email or phone");
  const id = attributes.id ?? randomUUID();
  const hash = (await passwordHash(attributes)) ?? (await unusableHash());
  const appMetadata = { provider: "email", providers: ["email"], ...attributes.app_metadata };
  const confirmed = attributes.email_confirm ? new Date().toISOString() : null;
  await db.transaction().execute(async (transaction) => {
    await refuseTakenEmail(transaction, email, id);
    await sql`
      insert into auth.users (
        id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data,
        banned_until
      ) values (
        ${id}, ${attributes.aud ?? "authenticated"}, ${attributes.role ?? "authenticated"}, ${email}, ${hash},
        ${confirmed}, ${appMetadata}, ${attributes.user_metadata ?? {}},
        ${bannedUntil(attributes.ban_duration) ?? null}
      )
    `.execute(transaction);
    const identity = { sub: id, email, email_verified: confirmed !== null, phone_verified: false };
    await sql`
      insert into auth.identities (id, provider, provider_id, user_id, identity_data)
      values (${randomUUID()}, 'email', ${id}, ${id}, ${identity})
    `.execute(transaction);
  });
  return getUser(db, id);
}

/**
 * Change what `attributes` holds. Metadata are merged, a null in them removes the key; a new password or a
 * ban ends the user's sessions.
 *
 * @param {Database} db
 * @param {string} id
 * @param {Attributes} attributes
 */
export async function updateUser(db, id, attributes) {
  if (isTooShort(attributes.password)) {
    throw new AdminProblem(422, "weak_password", "Password should be at least 6 characters.");
  }
  const { email } = attributes;
  const hash = await passwordHash(attributes);
  const banEnd = bannedUntil(attributes.ban_duration);
  await db.transaction().execute(async (transaction) => {
    if (email) await refuseTakenEmail(transaction, email, id);
    const { numAffectedRows } = await sql`
      update auth.users set
        email = coalesce(${email ?? null}, email),
        encrypted_password = coalesce(${hash}, encrypted_password),
        email_confirmed_at = case when ${attributes.email_confirm ?? false}::boolean
          then coalesce(email_confirmed_at, now()) else email_confirmed_at end,
        raw_app_meta_data = ${merged("raw_app_meta_data", attributes.app_metadata)},
        raw_user_meta_data = ${merged("raw_user_meta_data", attributes.user_metadata)},
        role = coalesce(${attributes.role ?? null}, role),
        aud = coalesce(${attributes.aud ?? null}, aud),
        banned_until = case when ${banEnd !== undefined}::boolean then ${banEnd ?? null}::timestamptz
          else banned_until end,
        updated_at = now()
      where id = ${id}
    `.execute(transaction);
    if (numAffectedRows === 0n) throw notFound();
    if (email) {
      await sql`
        update auth.identities set updated_at = now(),
          identity_data = identity_data || jsonb_build_object('email', ${email}::text)
        where user_id = ${id} and provider = 'email'
      `.execute(transaction);
    }
    if (hash || banEnd) await sql`delete from auth.sessions where user_id = ${id}`.execute(transaction);
  });
  return getUser(db, id);
}

/**
 * Delete a user with sessions and identities. `soft` keeps the row, without address, password and
 * metadata, for whatever refers to it.
 *
 * @param {Database} db
 * @param {string} id
 * @param {{soft: boolean}} options
 */
export async function deleteUser(db, id, { soft }) {
  const { numAffectedRows } = await (soft
    ? sql`
      with gone_sessions as (delete from auth.sessions where user_id = ${id}),
      gone_identities as (delete from auth.identities where user_id = ${id})
      update auth.users set deleted_at = now(), updated_at = now(), email = null, encrypted_password = null,
        raw_user_meta_data = '{}', raw_app_meta_data = '{}'
      where id = ${id} and deleted_at is null
    `
    : sql`delete from auth.users where id = ${id}`
  ).execute(db);
  if (numAffectedRows === 0n) throw notFound();
}

/**
 * @param {Database} db
 * @param {string} email
 * @param {string} id Of the user who may have it.
 */
async function refuseTakenEmail(db, email, id) {
  const { rows } = await sql`select from auth.users where email = ${email} and id <> ${id}`.execute(db);
  if (rows.length > 0) {
    throw new AdminProblem(422, "email_exists", EMAIL_EXISTS);
  }
}

/**
 * @param {string} column
 * @param {Record<string, unknown> | undefined} changes
 */
function merged(column, changes = {}) {
  return sql`(
    select coalesce(jsonb_object_agg(m.key, m.value), '{}')
    from jsonb_each(coalesce(${sql.ref(column)}, '{}') || ${changes}::jsonb) as m
    where m.value <> 'null'
  )`;
}

/** @param {unknown} row */
function userOf(row) {
  return Reflect.get(Object(row), "user");
}
