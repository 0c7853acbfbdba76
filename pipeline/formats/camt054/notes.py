"""The legal oddities of a notification, each under a stable code."""

from enum import StrEnum


class Code(StrEnum):
    """What can be odd about a file that is read all the same."""

    BYTE_ORDER_MARK = "byte-order-mark"  # UTF-8 byte order mark in front
    NAMESPACE = "namespace"  # the document is of no version of camt.054 that the reader was written for
    COPY = "copy"  # CpyDplctInd: the bank says that it sent this before
    MORE_PAGES = "more-pages"  # one page of several messages
    NOT_BOOKED = "not-booked"  # entries that are no money yet: pending, information
    EMPTY_NOTIFICATION = "empty-notification"
    ACCOUNT_CONTROL = "account-control"  # the account fails MOD11
    REFERENCE_REPEATED = "reference-repeated"  # two entries of a notification have one NtryRef
    BATCH_WITHOUT_DETAILS = "batch-without-details"  # several transactions that the file does not tell
    CHARGES = "charges"  # the bank took charges; they may explain that an entry is not its transactions' sum
    AMOUNT_ZERO = "amount-zero"  # a payment of nothing
    REVERSAL = "reversal"  # the bank takes a booked entry back
    DEBIT = "debit"  # money that went out, and no reversal
    SEVERAL_KIDS = "several-kids"  # one payment for more than one KID
    KID_CONTROL = "kid-control"  # passes neither MOD10 nor MOD11
    KID_SHORT = "kid-short"  # under four characters
    KID_MALFORMED = "kid-malformed"  # a reference that is neither a KID nor ISO 11649; read as text
    RF_REFERENCE = "rf-reference"  # an ISO 11649 reference where a KID stands
    TEXT_BESIDE_KID = "text-beside-kid"  # structured and unstructured in one payment
