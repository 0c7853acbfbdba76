"""What is kept on disk for ever: originals by their sha256, and in quarantine what could not be taken, with its reason."""

from workers.archive.holding import hold, let_go, tidy_holding
from workers.archive.keys import fingerprint_key
from workers.archive.originals import ArchiveError, Kept, keep, open_original, path_of, prove, tidy
from workers.archive.quarantine import refuse, set_aside, tidy_quarantine

__all__ = [
    "ArchiveError",
    "Kept",
    "fingerprint_key",
    "hold",
    "keep",
    "let_go",
    "open_original",
    "path_of",
    "prove",
    "refuse",
    "set_aside",
    "tidy",
    "tidy_holding",
    "tidy_quarantine",
]
