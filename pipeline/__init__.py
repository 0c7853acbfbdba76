"""The rules of the bridge: pure functions from facts to decisions, and the page that says in what order they run."""
