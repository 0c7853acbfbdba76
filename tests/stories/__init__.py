"""Whole days, from the bank's file to the voucher in Visma."""
