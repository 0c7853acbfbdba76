"""The adapter for WSinkasso: what crosses the wire, and what is made of it."""
