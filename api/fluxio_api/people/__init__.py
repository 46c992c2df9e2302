"""People's routes: each request goes on to Supabase with the person's own token, so row security decides."""
