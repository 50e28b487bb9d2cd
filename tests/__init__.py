"""The tests mirror core/ and plugins/; what they share lies beside this file."""
