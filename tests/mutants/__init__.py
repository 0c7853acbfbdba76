"""Mutation testing of the rules on which money hangs: `make mutants`, and the handbook's page mutants.md."""
