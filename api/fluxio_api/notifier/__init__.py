"""The notifier: sends what the outbox holds, at least once."""
