"""Accounts: sign-in, tokens, permissions, lockout."""
