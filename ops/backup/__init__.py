"""A back-up of a site in a folder, and a site made of it again: the database's rows, and the originals of the bank's files.

The rows are those of one moment, a file for each table, as COPY writes them: no program of PostgreSQL's is needed, and the
new server may be of another version. The shape comes from the migrations. SHA256SUMS is written last, so a folder without
it is no back-up; `sha256sum -c` reads it too. Secrets, sessions and the signs of life of processes are left out.
"""

from ops.backup.manifest import BackupError, Manifest, check
from ops.backup.restoring import Restored, restore
from ops.backup.taking import take

__all__ = ["BackupError", "Manifest", "Restored", "check", "restore", "take"]
