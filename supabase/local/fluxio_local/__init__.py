"""Supabase on this machine without Docker: PostgreSQL, REST, Auth and Realtime."""
