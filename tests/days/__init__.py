"""Random days: anything happens in any order, and a model of ten lines knows where the money is."""
