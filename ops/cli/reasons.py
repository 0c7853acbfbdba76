"""For each reason why something waits for a person: the command that ends the wait, printed beside it."""

from pipeline.stage import Reason

REPAIRS: dict[Reason, str] = {
    Reason.UNKNOWN_ACCOUNT: "kk2 client apply FILE.toml, then kk2 payment release ID",
    Reason.UNKNOWN_KID: "kk2 payment assign ID --case CASE",
    Reason.FAILING_KID: "kk2 payment assign ID --case CASE",
    Reason.BLANK_KID: "kk2 payment assign ID --case CASE",
    Reason.TWO_CASES: "kk2 payment assign ID --case CASE",
    Reason.SEVERAL_KIDS: "kk2 payment split ID --case CASE=KRONER --case CASE=KRONER",
    Reason.CASE_PAID: "kk2 payment assign ID --case CASE, or kk2 payment refuse ID",
    Reason.CASE_RECALLED: "kk2 payment assign ID --case CASE, or kk2 payment refuse ID",
    Reason.TAKEN_OFF: "kk2 payment assign ID --case CASE, kk2 payment release ID, or kk2 payment refuse ID",
    Reason.ORIGINAL_NOT_FOUND: "kk2 payment assign ID --case CASE --original PAYMENT, or kk2 payment refuse ID",
    Reason.TWO_ORIGINALS: "kk2 payment assign ID --case CASE --original PAYMENT",
    Reason.ORIGINAL_PARKED: "kk2 payment refuse ID, for both of the two payments",
    Reason.ORIGINAL_UNDER_WAY: "frees itself when the original's voucher has ended; else kk2 payment release ID",
    Reason.HELD_TWIN: "kk2 payment release ID, or kk2 payment refuse ID",
    Reason.BEFORE_CUT_OVER: "kk2 payment refuse ID, or kk2 payment release ID",
    Reason.FILE_HELD: "kk2 file release ID, or kk2 file refuse ID",
    Reason.UNREADABLE: "kk2 file refuse ID, and get the file again from the bank; after an upgrade kk2 file read-again ID",
    Reason.ABOVE_VOUCHER_LIMIT: "kk2 proposal approve COMPANY",
    Reason.ABOVE_DAY_LIMIT: "kk2 proposal approve COMPANY",
    Reason.FILE_UNUSUAL: "kk2 proposal approve COMPANY",
    Reason.NOTHING_MATCHED: "kk2 payment list --state parked, then kk2 proposal approve COMPANY",
    Reason.HELD_IN_FILE: "kk2 payment release ID, or kk2 payment refuse ID, for each that is held",
    Reason.NO_AUTO_APPROVE: "kk2 proposal approve COMPANY",
    Reason.SENT_BACK: "kk2 proposal show COMPANY says why; correct it, then kk2 proposal take-up COMPANY",
    Reason.NO_SETUP: "kk2 client apply FILE.toml, then kk2 work retry ID; an invoice: kk2 case import COMPANY",
    Reason.REFUSED: "kk2 voucher retry ID, kk2 voucher correct ID, or kk2 voucher discard ID --posted-by-hand NO",
    Reason.PERIOD_CLOSED: "open the period in Visma and kk2 voucher retry ID, or kk2 voucher correct ID",
    Reason.IN_DOUBT: "look in Visma, then kk2 voucher confirm ID NO, or kk2 voucher absent ID",
    Reason.REFERENCE_CLASH: "look in Visma, then kk2 voucher confirm ID NO, or kk2 voucher absent ID",
    Reason.WRONG_AMOUNT: "have it put right in Visma, then kk2 case import COMPANY",
    Reason.IN_A_CASE: "look at the case, withdraw its item or have it put right in Visma, then kk2 case import COMPANY",
    Reason.NUMBER_REFUSED: "put it right in Visma, then kk2 case retry-numbers",
    Reason.NOT_OFFERED: "kk2 client apply FILE.toml, then kk2 work retry ID",
    Reason.UNKNOWN_INVOICE: "frees itself when the case comes; else kk2 transaction set-aside ID",
    Reason.HALF_OURS: "look in Visma, then kk2 transaction apply ID, or kk2 transaction set-aside ID",
    Reason.VOUCHER_UNDER_WAY: "frees itself when the voucher has ended; else kk2 transaction retry ID",
    Reason.GAVE_UP: "kk2 work retry ID; a voucher: kk2 voucher retry ID",
    Reason.BUG: "upgrade, then kk2 work retry ID",
}


def repair_of(reason: str | None) -> str:
    """What ends the wait; empty for no reason, and for one of another version of the program."""
    return REPAIRS[Reason(reason)] if reason in set(Reason) else ""
