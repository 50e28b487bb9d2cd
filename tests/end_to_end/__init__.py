"""The main job, from an empty database to the last balance: over REST, and in a real browser."""
