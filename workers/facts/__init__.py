"""Loaders: what a stage's rules must know, fetched for a whole batch in a handful of statements."""
