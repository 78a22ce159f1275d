"""What goes in and out: marshmallow schemas, and rows to arrays."""
