"""Points: a ledger, the rules that award, and the venue time that standing and balance give."""
