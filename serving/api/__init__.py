"""Routes: one blueprint per resource."""
