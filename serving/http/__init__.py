"""What every request has: access, limits, errors, context, content negotiation."""
