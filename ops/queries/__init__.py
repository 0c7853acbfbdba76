"""What people look at: files, payments, cases, proposals, vouchers and open work, as values that print and serialise simply."""
