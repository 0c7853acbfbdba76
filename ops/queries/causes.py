"""Why a voucher is not delivered, and what to do about it: one sentence for each known cause, and one for all others."""

from workers.facts.deliveries import STANDS

FAILED = (
    "SELECT f.* FROM (SELECT v.id, v.company, v.state, v.total, coalesce(v.code, '') AS code, CASE v.state WHEN 'refused' "
    "THEN coalesce(v.note, w.note, '') ELSE coalesce(w.note, v.note, '') END AS note, v.approved_at, CASE WHEN v.state = 'refused' THEN 'refused' WHEN w.state = 'parked' THEN w.reason "
    "WHEN v.state = 'in_doubt' THEN 'asked' WHEN w.state = 'due' AND EXISTS (SELECT FROM brake WHERE "
    f"scope IN ('*', v.company, 'installation ' || v.installation) AND {STANDS}) THEN 'stopped' "
    "WHEN w.troubled_since IS NOT NULL THEN 'no_answer' END AS cause FROM voucher v LEFT JOIN (SELECT DISTINCT ON (1) "
    "CAST(x AS bigint) AS voucher_id, o.state, o.reason, o.note, o.troubled_since FROM work o, jsonb_array_elements("
    "coalesce(o.body->'voucher_ids', jsonb_build_array(o.body->'voucher_id'))) x WHERE o.state IN ('due', 'parked') "
    "AND o.stage IN ('deliver', 'inquire') ORDER BY 1, o.state = 'parked' DESC) w ON w.voucher_id = v.id "
    "WHERE v.state IN ('approved', 'refused', 'in_doubt')) f WHERE f.cause IS NOT NULL"
)
"""SQL: each voucher that stopped or waits, with its cause: a word of `_BY_CAUSE`."""

_BY_CODE = {
    "PeriodClosed": "Open the period in Visma and retry, or correct the voucher: its money is proposed anew.",
    "UnknownAccount": "Add the account in Visma and retry, or apply a setup with the right account and correct the voucher.",
    "UnknownCompany": "Visma does not know the company: have its name or our access put right, then retry.",
    "UnknownDivision": "Add the division in Visma and retry, or apply a setup with the right one and correct the voucher.",
    "UnknownVoucherType": "Add the voucher type in Visma and retry, or apply a setup with the right one and correct the voucher.",
    "UnknownRegistrar": "Add our registrar in Visma and retry, or apply a setup with the right one and correct the voucher.",
    "AccessDenied": "Visma denies us access: have our user's rights put right, then retry.",
    "DuplicateReference": "Visma says that it has our reference already: look there before anything else, then retry or discard.",
    "Unbalanced": "Visma finds the voucher unbalanced: call support, and correct nothing by hand.",
    "WrongPeriod": "Visma wants another period for this date: correct the voucher, so that it gets a new date.",
    "Schema": "Visma can't read the voucher: was Visma or its contract changed? Call support, then retry.",
}
_BY_CAUSE = {
    "refused": "Read what Visma says. Mend it there and retry, or mend case or setup here and correct the voucher.",
    "asked": "Nothing: Visma is asked for it, and that ends the doubt. Whoever sees it there may confirm its number.",
    "in_doubt": "This Visma can't be asked: look there, then confirm the number or declare the voucher absent.",
    "reference_clash": "Visma has our reference with another sum: look there first, then confirm or declare absent.",
    "gave_up": "Visma did not answer for days. When it does again, retry all.",
    "bug": "A fault of ours: call support. The voucher is kept as it is.",
    "stopped": "Delivery is stopped by a person. It goes when that ends.",
    "no_answer": "Nothing: Visma does not answer, and it is tried again by itself. If it lasts, see that Visma is up.",
}
CAUSES = tuple(_BY_CAUSE)
"""Each word for why a voucher is not delivered."""


def what_to_do(cause: str, code: str) -> str:
    """The sentence for a cause and Visma's code; of an unknown code or cause, what always holds."""
    if cause == "refused" and code in _BY_CODE:
        return _BY_CODE[code]
    return _BY_CAUSE.get(cause, _BY_CAUSE["refused"])
