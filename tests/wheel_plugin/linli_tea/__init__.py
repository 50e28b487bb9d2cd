"""Tea: who poured how many cups."""
