"""The scheduler: wakes the database's jobs where pg_cron does not."""
