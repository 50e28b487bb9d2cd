"""Communities: the tenant, its policy versions, which plugins it uses."""
