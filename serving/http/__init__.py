"""What applies to every request: access, limits, errors, content negotiation."""
