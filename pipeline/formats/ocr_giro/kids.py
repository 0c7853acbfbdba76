"""The KID field: right-aligned digits, or what people make of it."""

import numpy as np
import numpy.typing as npt

from pipeline.formats.ocr_giro.digits import BLANK, KidColumns, Matrix
from pipeline.formats.ocr_giro.layout import KID
from schemas.kid import Kid, is_well_formed


def kid_in(field: str) -> Kid | None:
    """The KID in 25 characters wherever it stands in them, "" for blanks; None if it is no KID."""
    kid = field.strip(" ")
    return kid if not kid or is_well_formed(kid) else None


def right_aligned(matrix: Matrix) -> tuple[Matrix, KidColumns, npt.NDArray[np.int64]]:
    """(n, 25) KID fields with those aligned otherwise put right, what is known of them, and which these were.

    ValueError if one of them is no KID.
    """
    columns = KidColumns(matrix)
    if not len(columns.odd):
        return matrix, columns, columns.odd
    matrix = matrix.copy()
    for row in columns.odd.tolist():
        kid = kid_in(matrix[row].tobytes().decode("latin-1"))
        if kid is None:
            raise ValueError("a KID holds something else than digits")
        matrix[row] = np.frombuffer(kid.rjust(KID.width).encode("ascii"), np.uint8)
    return matrix, KidColumns(matrix), columns.odd


def realigned(matrix: Matrix) -> Matrix:
    """As `right_aligned`, of fields that are known to be KIDs: only a field that ends in a blank can need it."""
    rows = np.flatnonzero(matrix[:, -1] == BLANK)
    rows = rows[(matrix[rows] != BLANK).any(axis=1)]
    if len(rows):
        matrix = matrix.copy()
        for row in rows.tolist():
            kid = matrix[row].tobytes().strip(b" ")
            matrix[row] = np.frombuffer(kid.rjust(KID.width), np.uint8)
    return matrix
