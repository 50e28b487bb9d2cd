"""People: holders, residents, groups, the centre; search."""
