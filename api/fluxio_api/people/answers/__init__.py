"""The shapes of answers to people: rows as PostgREST answers them. Tests hold every answer to them."""
