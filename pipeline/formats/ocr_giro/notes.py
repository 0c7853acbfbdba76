"""The legal oddities of a file, each under a stable code."""

from enum import StrEnum


class Code(StrEnum):
    """What can be odd about a file that is read all the same."""

    BYTE_ORDER_MARK = "byte-order-mark"  # UTF-8 byte order mark in front
    LINE_ENDS_CR = "line-ends-cr"  # CR alone
    LINE_ENDS_NONE = "line-ends-none"  # 80-byte blocks
    LINE_ENDS_MIXED = "line-ends-mixed"  # not the same all through
    BLANK_LINE = "blank-line"  # before, between or after the records
    END_OF_FILE_MARK = "end-of-file-mark"  # 0x1A or NUL
    UTF8_TEXT = "utf8-text"  # 80 characters in more than 80 bytes
    CP1252_TEXT = "cp1252-text"  # bytes 0x80-0x9F in the text
    CONTROL_CHARACTER = "control-character"  # in the text; read as a blank
    FILLER = "filler"  # something else than zeros where nothing is defined
    BLANK_FOR_ZERO = "blank-for-zero"  # a field of item 2 left blank
    SIGN_BLANK = "sign-blank"  # column 32 blank, read as 0
    AMOUNT_ZERO = "amount-zero"  # a payment of nothing
    KID_MISSING = "kid-missing"  # no KID on a type that has one
    KID_UNEXPECTED = "kid-unexpected"  # a KID on a free text type
    KID_CONTROL = "kid-control"  # passes neither MOD10 nor MOD11
    KID_SHORT = "kid-short"  # under four characters
    KID_ALIGNED = "kid-aligned"  # not right-aligned
    DATES_UNSORTED = "dates-unsorted"  # booked dates fall within an assignment
    DATES_DIFFER = "dates-differ"  # earliest or latest date of an end record, when not strict
    NUMBERS_UNSORTED = "numbers-unsorted"  # transaction numbers fall
    NUMBERS_GAP = "numbers-gap"  # a transaction number is left out
    ACCOUNT_CONTROL = "account-control"  # fails MOD11
    EMPTY_ASSIGNMENT = "empty-assignment"
    EMPTY_TRANSMISSION = "empty-transmission"
    SEVERAL_TRANSMISSIONS = "several-transmissions"
    DATE_MISSING = "date-missing"  # 000000 in an end record over payments
    NET_NEGATIVE = "net-negative"  # the control total is the net without its sign
    TOTAL_WITH_REVERSALS = "total-with-reversals"  # control total and money differ
    OTHER_SERVICE = "other-service"  # records passed over
