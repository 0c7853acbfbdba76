"""Which case a payment is for, what a reversal takes back, and what an operator may want to choose from."""

from pipeline.matching.by_kid import ASKS_PAYER, Candidate, Matched, MatchFacts, PayerRule, match
from pipeline.matching.by_kids import SeveralFacts, Shared, match_each
from pipeline.matching.learning import ASSIGNS_FOR_A_RULE, Learned, LearnFacts, learn
from pipeline.matching.originals import (
    OriginalCandidate,
    OriginalFacts,
    OriginalState,
    TakesBack,
    original,
    state_of,
)
from pipeline.matching.suggesting import PossibleCase, Suggestion, SuggestionFacts, suggest
from pipeline.matching.trying_out import Outcome, TrialFacts, try_out

__all__ = [
    "ASKS_PAYER",
    "ASSIGNS_FOR_A_RULE",
    "Candidate",
    "LearnFacts",
    "Learned",
    "MatchFacts",
    "Matched",
    "OriginalCandidate",
    "OriginalFacts",
    "OriginalState",
    "Outcome",
    "PayerRule",
    "PossibleCase",
    "SeveralFacts",
    "Shared",
    "Suggestion",
    "SuggestionFacts",
    "TakesBack",
    "TrialFacts",
    "learn",
    "match",
    "match_each",
    "original",
    "state_of",
    "suggest",
    "try_out",
]
