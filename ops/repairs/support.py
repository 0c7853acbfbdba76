"""A bundle for support is taken: what leaves the house has a name on it."""

from sqlalchemy import Connection

from ops.repairs.acts import Done, Person, leave


def take_bundle(connection: Connection, *, person: Person) -> Done:
    """Note that a person takes a bundle; it is made after the commit, so that none leaves without its row."""
    rings = leave(connection, person, "take bundle", "the site", {}, [])
    return Done(rings, "the bundle is taken, and the audit says by whom")
