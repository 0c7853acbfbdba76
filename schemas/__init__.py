"""The nouns of the bridge: what a payment, a case, a voucher and a setup row are. Frozen values, no behaviour of the outside."""
