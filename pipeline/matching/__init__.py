"""Which case a payment is for, what a reversal takes back, and what an operator may want to choose from."""

from pipeline.matching.by_kid import Candidate, Matched, MatchFacts, match
from pipeline.matching.originals import (
    OriginalCandidate,
    OriginalFacts,
    OriginalState,
    TakesBack,
    original,
    state_of,
)
from pipeline.matching.suggesting import PossibleCase, Suggestion, SuggestionFacts, suggest

__all__ = [
    "Candidate",
    "MatchFacts",
    "Matched",
    "OriginalCandidate",
    "OriginalFacts",
    "OriginalState",
    "PossibleCase",
    "Suggestion",
    "SuggestionFacts",
    "TakesBack",
    "match",
    "original",
    "state_of",
    "suggest",
]
