"""Points: the ledger, the award rules, venue terms earned by points."""
