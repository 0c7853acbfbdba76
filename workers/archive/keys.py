"""The key of all that is kept as a keyed hash: what twins are known by, and the payers of rules."""

from functools import lru_cache
from pathlib import Path
from uuid import uuid4

from workers.crash import outside
from workers.settings import Settings


def fingerprint_key(site: Settings) -> bytes:
    """Give the site's secret, or one that is made once and kept beside the archive; at most 64 bytes."""
    given = site.fingerprint_key.get_secret_value()
    return given.encode()[:64] if given else _kept_key(site.archive_folder)


@lru_cache(maxsize=1)
def _kept_key(folder: Path) -> bytes:
    path = folder / "fingerprint.key"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        made = folder / f".{uuid4().hex}"
        made.write_text(uuid4().hex + uuid4().hex, encoding="ascii")
        made.chmod(0o400)
        try:
            with outside("archive.key"):
                path.hardlink_to(made)  # the first of two workers wins; the key is never half written
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_bytes()[:64]
