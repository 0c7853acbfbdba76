"""The hands of the bridge: all that touches the clock, the disk, the database, the broker and Visma."""
