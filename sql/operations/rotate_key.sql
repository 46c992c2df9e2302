/*
 * Replace a gateway's key: the new one works at once, the old one for a while.
 *
 *   psql "$DATABASE_URL" -v key_prefix=1a2b3c4d -v overlap='7 days' -f sql/operations/rotate_key.sql
 *
 * key_prefix   api_keys.key_prefix: the 8 characters behind flx_ of the old key
 * overlap      how long the old key still works; long enough to reach the gateway
 *
 * Writes. The new key is printed once and cannot be had again: put it into the
 * gateway, look at last_used_at of the list below, and keep it nowhere else.
 */
\set ON_ERROR_STOP on
set timezone = 'UTC';

\echo 'The new key, this once'
select
  rotated.new_api_key_id,
  rotated.api_key,
  rotated.key_prefix,
  rotated.expires_at,
  rotated.old_expires_at
from public.api_keys
cross join lateral public.rotate_api_key(api_keys.id, :'overlap'::interval) as rotated
where
  api_keys.key_prefix = :'key_prefix'
  and api_keys.revoked_at is null
  and (api_keys.expires_at is null or api_keys.expires_at > now());

\echo 'Keys that work, oldest first; a key is due for rotation after a month'
select
  api_keys.key_prefix,
  api_keys.name,
  organizations.name as organization,
  gateways.name as gateway,
  api_keys.created_at,
  api_keys.expires_at,
  api_keys.last_used_at,
  api_keys.created_at < now() - interval '30 days' as is_due
from public.api_keys
inner join public.organizations on api_keys.organization_id = organizations.id
left join public.gateways on api_keys.gateway_id = gateways.id
where
  api_keys.revoked_at is null
  and (api_keys.expires_at is null or api_keys.expires_at > now())
order by api_keys.created_at;
